"""MQTT in WebSocket frames (RFC 6455), for brokers behind a web server or at port 443.

paho has its own, which keeps a whole frame in memory, however long, and waits for ever for a
server that answers a byte at a time.
"""

import hashlib
import os
import socket
from base64 import b64encode
from contextlib import suppress
from typing import Any

from edge_agent.deliver.mqtt.address import Address
from edge_agent.deliver.mqtt.http_head import exchange
from edge_agent.deliver.mqtt.obstacle import Obstacle

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455
CONTINUATION, BINARY, CLOSE, PING, PONG = 0x0, 0x2, 0x8, 0x9, 0xA
CONTROL = 0x8  # opcodes from here on
LAST, MASKED, LENGTH = 0x80, 0x80, 0x7F
LONGEST_CONTROL = 125  # bytes
EXTENDED = {126: 2, 127: 8}  # bytes of the length, by the length in the second byte
SWITCHING = 101
MOST_UNSENT = 200_000  # bytes; a server that only asks gets no more answers


def upgrade(sock: Any, address: Address, seconds: float) -> "FramedSocket":  # noqa: ANN401
    """Return a WebSocket on a connected socket, which is closed if there is none; raise OSError."""
    try:
        _shake_hands(sock, address, seconds)
    except BaseException:
        sock.close()
        raise
    return FramedSocket(sock)


def _shake_hands(sock: socket.socket, address: Address, seconds: float) -> None:
    key = b64encode(os.urandom(16))
    head = exchange(
        sock,
        f"GET {address.path} HTTP/1.1\r\nHost: {address.authority}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
        seconds,
    )
    if head.code != SWITCHING:
        what = f"it answers {head.status!r} for {address.path}, not with a WebSocket"
        raise Obstacle(f"{what}; write the path of its MQTT in url, as in /mqtt")
    expected = b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()).decode()
    if head.fields.get("sec-websocket-accept") != expected:
        raise Obstacle("its answer is not that of a WebSocket; check host and port of the URL")


def frame(opcode: int, data: bytes) -> bytes:
    """Return a whole frame of a client: masked with random bytes, so that no proxy reads it."""
    size, mask = len(data), os.urandom(4)
    if size <= LONGEST_CONTROL:
        header = bytes((LAST | opcode, MASKED | size))
    else:
        short = size < 1 << 16
        header = bytes((LAST | opcode, MASKED | (126 if short else 127)))
        header += size.to_bytes(2 if short else 8)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(data) ^ int.from_bytes(repeated)
    return header + mask + masked.to_bytes(size)


class FramedSocket:
    """Has the methods of a socket that paho uses; a message may be spread over any frames."""

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 - of TCP, or of TLS
        self._sock = sock
        self._header = bytearray()  # of the frame that begins
        self._opcode = BINARY
        self._left = 0  # bytes of the frame that are still to come
        self._control = bytearray()  # what came of a control frame
        self._unsent = bytearray()
        self._promised = 0  # bytes of the data whose frame is among what is unsent

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._sock, name)

    def pending(self) -> int:
        """Return how many bytes the TLS layer holds."""
        return int(getattr(self._sock, "pending", int)())

    def recv(self, most: int) -> bytes:
        """Return at least a byte; nothing at the end. Raises what the socket raises."""
        while self._left == 0 or self._opcode >= CONTROL:
            if self._left == 0:
                self._begin()
            if self._opcode >= CONTROL and self._is_closed():
                return b""
        data: bytes = self._sock.recv(min(most, self._left))
        self._left -= len(data)
        return data

    def send(self, data: bytes) -> int:
        """Return how many bytes were sent; raise BlockingIOError if the frame is not complete."""
        if not self._promised:
            self._unsent += frame(BINARY, data)
            self._promised = len(data)
        self._flush()
        sent, self._promised = self._promised, 0
        return sent

    def _flush(self) -> None:
        while self._unsent:
            sent = self._sock.send(self._unsent)
            del self._unsent[:sent]

    def _begin(self) -> None:
        """Read a frame's header; raise BlockingIOError if it has not come yet."""
        self._need(2)
        first, second = self._header[:2]
        extended = EXTENDED.get(second & LENGTH, 0)
        self._need(2 + extended)
        size = int.from_bytes(self._header[2:]) if extended else second & LENGTH
        self._opcode = first & 0x0F
        control = self._opcode >= CONTROL
        if second & MASKED or (control and size > LONGEST_CONTROL):
            raise ConnectionAbortedError
        if not control and self._opcode not in {BINARY, CONTINUATION}:
            raise ConnectionAbortedError
        self._left = size
        self._header.clear()
        self._control.clear()

    def _need(self, size: int) -> None:
        while len(self._header) < size:
            self._header += self._received(size - len(self._header))

    def _received(self, most: int) -> bytes:
        data: bytes = self._sock.recv(most)
        if not data:
            raise ConnectionResetError
        return data

    def _is_closed(self) -> bool:
        """Take a control frame and answer a ping; return whether the server closes."""
        while self._left:
            data = self._received(self._left)
            self._left -= len(data)
            self._control += data
        opcode, self._opcode = self._opcode, BINARY
        if opcode == PING and len(self._unsent) < MOST_UNSENT:
            self._unsent += frame(PONG, bytes(self._control))
            with suppress(OSError):  # it goes out with what is sent next
                self._flush()
        return opcode == CLOSE
