"""How fast Ask Panel is, beside what a user would run instead: `make bench`."""
