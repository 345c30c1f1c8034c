"""Models, prompts and the expert catalogue."""
