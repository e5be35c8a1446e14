"""Notifications: alerts as messages to people."""
