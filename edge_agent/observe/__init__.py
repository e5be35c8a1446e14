"""How the agent reports on itself: health, systemd's watchdog, diagnostics."""
