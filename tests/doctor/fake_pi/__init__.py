"""A Raspberry Pi below a directory, its shell, and the ways in which it breaks."""
