"""Alerts about a whole fleet: the agent's rules, over the channels of any node."""
