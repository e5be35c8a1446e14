"""Connections to web servers: every wait and every answer has an end."""
