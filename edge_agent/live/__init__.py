"""Live state: the latest values go to every listener, and never wait for the log."""
