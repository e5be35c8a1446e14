"""A hostile broker: whatever it sends, the connection ends the session and connects again.

Everything is real but the wait: a Connection with jobs and live state, paho, and TCP over loopback.
"""

import atexit
import contextlib
import socket
import struct
from collections.abc import Iterator
from queue import SimpleQueue
from unittest.mock import patch

from edge_agent.deliver.mqtt import connection as connecting
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.deliver.mqtt.client import BoundedClient
from edge_agent.deliver.mqtt.commands import LONGEST, CommandTopics
from edge_agent.deliver.mqtt.connection import Connection
from edge_agent.deliver.mqtt.content_type import ContentType
from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.session import LARGEST_COMMAND
from edge_agent.deliver.mqtt.state import LiveState, LiveTopics
from edge_agent.deliver.sink import About
from edge_agent.events import Answer, Request
from fuzzing.input import Input

MESSAGES = 5
GREETINGS = {5: b"\x20\x03\0\0\0", 4: b"\x20\x02\0\0"}  # what CONNECT is answered with
NO_LINGER = struct.pack("ii", 1, 0)
_listener = socket.create_server(("127.0.0.1", 0))
atexit.register(_listener.close)
URL = f"mqtt://127.0.0.1:{_listener.getsockname()[1]}"


class Sessions:
    """Each session of a connection: the next part of what the broker says, and then nothing more.

    It also stands for the back-off: when nothing is left, the connection is asked to stop.
    """

    failures = 0

    def __init__(self, connection_data: list[bytes]) -> None:
        self._parts = connection_data
        self._broker: list[socket.socket] = []
        self.connection: Connection | None = None

    def connect(self) -> socket.socket:
        """Return the client's end of a connection that the broker has spoken on already."""
        client = socket.create_connection(_listener.getsockname())
        broker, _ = _listener.accept()
        broker.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self._broker.append(broker)
        broker.sendall(self._parts.pop(0) if self._parts else b"")
        broker.shutdown(socket.SHUT_WR)
        return client

    def next(self, _cap: float = 0.0) -> float:
        """Return no pause; stop the connection after the last part."""
        if not self._parts and self.connection:
            self.connection.post(None)
        return 0.0

    def reset(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Forget the broker's ends: no port stays in TIME_WAIT."""
        for broker in self._broker:
            broker.close()


def target(data: bytes) -> None:
    """Let a broker speak in one to three sessions, while messages wait for acknowledgements."""
    source = Input(data)
    version = source.choice((5, 4))
    parts = [_part(source, version) for _ in range(1 + source.number(3))]
    sessions, requests = Sessions(parts), []
    connection = _connection(sessions, version, requests)
    settled = SimpleQueue()
    messages = [(f"edge/n/event/reading/{n}", b"{}") for n in range(MESSAGES)]
    connection.post(Job(messages, ContentType("application/json"), settled))
    connection.post(Answer("edge/n/command/read/response", b"id", b"{}"))
    with _connected_to(sessions):
        connection.run()
    result = settled.get_nowait()
    assert 0 <= result.settled <= MESSAGES
    assert set(result.refused) <= set(range(result.settled))
    _check(requests)


@contextlib.contextmanager
def _connected_to(sessions: Sessions) -> Iterator[None]:
    """Let the agent's clients speak to these sessions, and pause before nothing."""
    connect = patch.object(
        BoundedClient, "_create_socket_connection", lambda _: sessions.connect(), create=True
    )
    with connect, patch.object(connecting, "FIRST", 0.0), contextlib.closing(sessions):
        yield


def _connection(sessions: Sessions, version: int, requests: list[Request]) -> Connection:
    broker = Broker((parse_url(URL),), "edge-n", versions=(version,))
    state = LiveState(LiveTopics("edge/n", "mqtt", retained=True), About(b"{}"))
    sessions.connection = Connection(
        broker,
        state,
        changed=lambda _: None,
        backoff=sessions,
        commands=CommandTopics("edge/n"),
        requested=requests.append,
    )
    return sessions.connection


def _check(requests: list[Request]) -> None:
    for request in requests:
        assert len(request.payload) <= LARGEST_COMMAND
        assert len(request.correlation) <= LONGEST
        assert request.topic.startswith("edge/n/")
    assert len(requests) <= MOST_REQUESTS


MOST_REQUESTS = 1000  # a part has no room for more


def _part(source: Input, version: int) -> bytes:
    """Return what a broker says in one session: mostly a greeting, then packets."""
    said = b"" if source.number(8) == 7 else GREETINGS[version]
    for _ in range(source.number(32)):
        said += _packet(source, version)
    return said


def _packet(source: Input, version: int) -> bytes:
    kind = source.number(8)
    if kind == 0:
        return source.take(min(source.number(256), source.left))
    if kind == 1:
        return _framed(source.number(256), source.take(min(source.number(65_536), source.left)))
    if kind == 2:
        return _framed(0x90, source.take(2) + source.take(source.number(4)))
    if kind == 3:
        return _framed(0xE0, source.take(source.number(8)))
    if kind == 4:
        return _publish(source, version)
    reason = source.take(source.number(3)) if version == 5 else b""
    return _framed(0x40, source.number(12).to_bytes(2) + reason)


def _publish(source: Input, version: int) -> bytes:
    names = (b"edge/n/command/read", b"edge/n/command/set", b"edge/n/command/", b"edge/n/status")
    topic = source.choice(names) + source.take(source.number(4))
    some = source.take(min(source.number(256), source.left))
    more = bytes([len(some) & 0x7F]) + some if version == 5 else b""
    payload = source.take(min(source.number(65_536), source.left))
    body = struct.pack("!H", len(topic)) + topic + source.take(2) + more + payload
    return _framed(0x30 | source.number(16), body)


def _framed(head: int, body: bytes) -> bytes:
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (128 if left else 0)])
        if not left:
            return bytes([head]) + length + body


def _seed(*packets: bytes, version: int = 0, parts: int = 0) -> bytes:
    return bytes([version, parts, 0, len(packets)]) + b"".join(packets)


COMMAND = bytes([4, 0, 0, 9]) + b"\x08\0\x02my\x09\0\x02id" + b"\0\0\0\x02{}\0\x07\x02"
SEEDS = [
    _seed(),
    _seed(version=1),
    _seed(
        b"\5\1\0\1", b"\5\1\0\2", b"\5\1\0\3", b"\5\1\0\4", b"\5\1\0\5", b"\5\1\0\6", b"\5\1\0\7"
    ),
    _seed(b"\5\1\1\x97", b"\5\2\1\x87", b"\5\3\1\x90", b"\5\4\1\x95", b"\5\5\1\xee", b"\5\6\0"),
    _seed(COMMAND, COMMAND),
    _seed(COMMAND, version=1),
    _seed(b"\3\2\x8e\0", b"\3\1\xee"),
    _seed(b"\2\0\1\3\x87\x80\0", b"\1\xd0\0\0\0\0"),
    _seed(b"\1\x20\0\0\0\5\0\x87\2\x21\0", b"\1\x20\0\0\0\3\0\x84\0"),
    _seed(b"\0\x20" + b"\x32\xff\xff\xff\x7f" + b"x" * 27, parts=2),
    _seed(b"\0\x06" + b"\x32\xff\xff\xff\xff\x7f", parts=1),
    b"\0\0\7\1\0\x08\x20\x06\0\0\3\x27\0\0",
]
