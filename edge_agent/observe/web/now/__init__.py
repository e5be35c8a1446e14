"""The view Now: what is true at this moment, and why a value is absent."""
