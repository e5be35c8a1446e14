"""How the parts of a running agent are put together, each from the blueprint and the log."""
