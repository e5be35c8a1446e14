"""Events from a log or a bus that keeps them, sent to a sink once more."""
