"""Deterministic simulation: the whole agent on one seeded scheduler, with every fault injected.

The agent's own code runs unchanged, loops and all. What is simulated is what it stands on: threads,
queues and time (`machine`), the disk (`disk`), the network and the brokers (`network`).
"""
