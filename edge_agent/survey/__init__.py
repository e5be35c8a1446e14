"""Which sensors a machine has, and the configuration that follows from them."""
