"""The event log on disk, written by the recorder alone."""
