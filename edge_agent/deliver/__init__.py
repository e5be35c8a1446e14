"""From the log to the outside: one forwarder thread for each sink."""
