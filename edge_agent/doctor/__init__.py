"""`edge-agent doctor`: what keeps the agent from working, each with its remedy.

A check is a function of a `Case` that yields findings; a theme is a few of them. Checks only read:
nothing is changed, and nothing is measured while the agent runs.
"""
