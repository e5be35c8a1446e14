"""Reads a store of the aggregator, also while the aggregator writes it."""
