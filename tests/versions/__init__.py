"""Two versions side by side: what each writes, the other reads."""
