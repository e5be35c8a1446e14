"""Events from files: the event log of an agent, and lines of JSON as the file sink writes them."""
