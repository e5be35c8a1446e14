"""What is true now, handed to all that show it: it never waits for the log."""
