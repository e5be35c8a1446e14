"""What a machine has to measure with, and the configuration that follows from it."""
