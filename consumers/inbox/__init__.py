"""Hands events to a consumer: each once, in order per log, and what is wrong beside it."""
