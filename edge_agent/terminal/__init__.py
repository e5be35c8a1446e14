"""What a person at a terminal sees while the agent runs."""
