"""Expressions: from the text of a condition to a checked callable."""
