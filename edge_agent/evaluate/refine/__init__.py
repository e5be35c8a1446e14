"""Refine: from a measured reading to one that holds only right values."""
