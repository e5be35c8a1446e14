"""From hardware to readings: one thread for each bus."""
