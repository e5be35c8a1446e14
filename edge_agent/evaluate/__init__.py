"""From readings to events and switched outputs: one engine thread, no disk, no network."""
