"""Notifications of alerts: formats, targets, and the threads that send."""
