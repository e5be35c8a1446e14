"""Simulated hardware, written from the datasheets alone: the second writing checks the drivers."""
