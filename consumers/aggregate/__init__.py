"""Stores the readings of any number of nodes, and windows over them, for analytics."""
