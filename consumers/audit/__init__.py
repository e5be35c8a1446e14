"""Finds what was lost, contradictory, duplicated, reordered or late, from the events alone."""
