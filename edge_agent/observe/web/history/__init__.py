"""The past of a channel: thinned for a screen, or in full for other programs."""
