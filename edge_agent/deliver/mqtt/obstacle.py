"""What stands between this machine and a broker, and answers in its place."""


class Obstacle(OSError):
    """A proxy or a web server that lets nothing pass; the text names the remedy."""
