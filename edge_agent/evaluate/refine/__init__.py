"""Refine: from a measured reading to one whose values are right."""
