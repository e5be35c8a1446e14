"""What a terminal shows, and what can be typed, while the agent runs."""
