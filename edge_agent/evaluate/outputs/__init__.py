"""Outputs: what rules and commands ask for, and what the hardware is set to."""
