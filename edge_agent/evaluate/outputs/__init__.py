"""Outputs: the values that rules and commands ask for, and what the hardware is set to."""
