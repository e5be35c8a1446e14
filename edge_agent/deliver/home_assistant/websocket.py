"""A WebSocket whose waits and messages all have an end."""

from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

from edge_agent.deliver.web.address import HttpAddress
from edge_agent.deliver.web.bounded_socket import BoundedSocket
from edge_agent.errors import SinkUnavailable

LARGEST = 16_000_000  # bytes: the list of all entities of a large installation
BUFFER = 65_536
NO_WEBSOCKET = "check host, port and path of the URL"


class WebSocket:
    """Whole text messages over a connected socket."""

    def __init__(self, sock: BoundedSocket, address: HttpAddress) -> None:
        self._sock = sock
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._buffer = memoryview(bytearray(BUFFER))
        self._events: deque[Event] = deque()
        self._address = address

    def open(self) -> None:
        """Ask for a WebSocket; raise SinkUnavailable if the server has none there."""
        self._send(Request(host=self._address.authority, target=self._address.target))
        event = self._next()
        if isinstance(event, AcceptConnection):
            return
        status = f" (status {event.status_code})" if isinstance(event, RejectConnection) else ""
        raise SinkUnavailable(f"{self._address}: there is no WebSocket{status}", NO_WEBSOCKET)

    def send(self, text: str) -> None:
        """Send a message."""
        self._send(TextMessage(data=text))

    def receive(self) -> str:
        """Return the next message; raise SinkUnavailable if it is too large, or at the end."""
        parts: list[str] = []
        length = 0
        while True:
            event = self._next()
            if isinstance(event, Ping):
                self._send(event.response())
            elif isinstance(event, CloseConnection):
                raise SinkUnavailable(f"{self._address}: it has closed the connection")
            elif isinstance(event, TextMessage):
                parts.append(event.data)
                length += len(event.data)
                if length > LARGEST:
                    what = f"{self._address}: a message has over {LARGEST} characters"
                    raise SinkUnavailable(what)
                if event.message_finished:
                    return "".join(parts)

    def close(self) -> None:
        """Close the connection."""
        self._sock.end()

    def _send(self, event: Event) -> None:
        self._sock.sendall(self._protocol.send(event))

    def _next(self) -> Event:
        while not self._events:
            count = self._sock.receive_into(self._buffer)
            try:
                self._protocol.receive_data(bytes(self._buffer[:count]) if count else None)
                self._events.extend(self._protocol.events())
            except ProtocolError as error:
                what = f"{self._address}: its answer is no WebSocket's ({error})"
                raise SinkUnavailable(what, NO_WEBSOCKET) from error
        return self._events.popleft()
