"""What chips stand on: channels, the driver protocol, errors, and a port for each kind of bus."""
