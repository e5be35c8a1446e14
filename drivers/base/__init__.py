"""What all drivers build on: channels, the driver protocol, errors, a port for each bus."""
