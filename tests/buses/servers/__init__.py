"""The servers: each a class that starts, kills and stops one on free ports of the loopback."""
