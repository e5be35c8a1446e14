"""The page over a fleet: its nodes, and the history of every channel, from the store."""
