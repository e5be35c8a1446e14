"""One connection of the metrics' server, whose every wait ends: a slow client is hung up on."""

import io
import logging
import socket
from http.server import HTTPServer
from socketserver import TCPServer
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler

from edge_agent.config.listen import ListenAddress

WAIT = 0.5  # seconds for a request
SECONDS = 5.0  # for a request to arrive, and once more for its answer to be taken
PATHS = ("/", "/metrics")

_logger = logging.getLogger(__name__)


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


class MetricsListener(HTTPServer):
    """Waits a moment for a request; asks no name server; an error ends only its connection."""

    timeout = WAIT

    def __init__(self, address: ListenAddress, registry: CollectorRegistry) -> None:
        """Listen; raise OSError if that is not possible."""
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        super().__init__(address, MetricsConnection.factory(registry))

    def server_bind(self) -> None:
        """Bind, without a question to a name server."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Log what went wrong with one connection."""
        _logger.warning("metrics: a request of %s failed", client_address, exc_info=True)  # noqa: LOG014 - it is called in one
