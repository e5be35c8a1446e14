"""One connection of the metrics' server, whose every wait ends: a slow client is hung up on."""

import io
import socket
from time import monotonic
from urllib.parse import urlsplit

from prometheus_client import MetricsHandler

SECONDS = 5.0  # for a request to arrive, and once more for its answer to be taken
PATHS = ("/", "/metrics")


class UntilDeadline(io.RawIOBase):
    """Reads from a socket until a moment, in monotonic seconds; raises TimeoutError then."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read what has arrived, at most as much as fits."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class MetricsConnection(MetricsHandler):
    """Answers one request for `/metrics`."""

    server_version = "edge-agent"
    sys_version = ""

    def setup(self) -> None:
        """Limit the time that the request may take to arrive."""
        super().setup()
        unbuffered = UntilDeadline(self.connection, monotonic() + SECONDS)
        self.rfile.close()
        self.rfile = io.BufferedReader(unbuffered)

    def do_GET(self) -> None:  # noqa: N802 - as the library calls it
        """Answer with all metrics."""
        self.connection.settimeout(SECONDS)
        if urlsplit(self.path).path in PATHS:
            super().do_GET()
        else:
            self.send_error(404)
