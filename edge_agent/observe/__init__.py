"""How the agent watches itself: systemd, watchdog, metrics."""
