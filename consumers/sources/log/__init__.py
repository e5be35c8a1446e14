"""Events from the event log of an agent."""
