"""Programs that read events from a bus, on any machine; they know an agent only by its events."""
