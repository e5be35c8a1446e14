"""Modbus on TCP (Modbus Messaging on TCP/IP V1.0b): answers carry the number of their request."""

import errno
import os
import re
import socket
import threading
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from drivers.base.serial import LineSettings

PORT = 502
URL = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::([0-9]{1,5}))?")
HEADER = 7  # bytes: number, protocol (0), length of what follows, unit
LONGEST = 260  # bytes of a frame
TAKEN = 4096  # bytes at once

Addresses = list[tuple[Any, ...]]


class Endpoint(NamedTuple):
    """A host and its port."""

    host: str
    port: int


def endpoint(url: str) -> Endpoint:
    """Return the host and port of tcp://host:port; raise ValueError."""
    match = URL.fullmatch(url)
    port = int(match[2] or PORT) if match else 0
    if match is None or not 1 <= port <= 0xFFFF:
        raise ValueError("write it like tcp://192.168.1.20 or tcp://meter.lan:502")
    return Endpoint(match[1].strip("[]"), port)


class TcpLine:
    """A connection that is made again after each error; no call waits.

    The host's name is looked up on a short thread, for no time-out ends the system's own call.
    """

    def __init__(self, host: Endpoint) -> None:
        self._host = host
        self._found: SimpleQueue[Addresses | OSError] | None = None
        self._addresses: Addresses = []
        self._socket: socket.socket | None = None
        self._connected = False
        self._number, self._unit = 0, 0
        self._arrived = b""

    @property
    def late(self) -> bool:
        """False: an answer that is late has the number of its request."""
        return False

    @late.setter
    def late(self, value: bool) -> None:
        del value

    def silence(self, settings: LineSettings) -> float:
        """Return 0: frames have a length."""
        del settings
        return 0.0

    def ready(self, settings: LineSettings) -> bool:
        """Take the connection a step further; return whether it is made."""
        del settings
        if self._connected:
            return True
        if self._socket is None and not self._addresses and not self._looked_up():
            return False
        if self._socket is None:
            self._begin()
        self._connected = self._established()
        return self._connected

    def send(self, unit: int, request: bytes) -> None:
        """Send a request with the next number."""
        if self._socket is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        self._number, self._unit = self._number + 1 & 0xFFFF, unit
        head = self._number.to_bytes(2) + bytes(2) + (len(request) + 1).to_bytes(2)
        self._socket.sendall(head + bytes([unit]) + request)

    def receive(self) -> bytes | None:
        """Return the answer with this number; drop others, and raise ValueError for no Modbus."""
        self._take()
        while len(self._arrived) >= HEADER:
            length = int.from_bytes(self._arrived[4:6])
            if self._arrived[2:4] != b"\0\0" or not 2 < length <= LONGEST - HEADER + 1:
                text = self._arrived[:16].hex(" ")
                self.close()
                raise ValueError(f"no Modbus: {text}")
            if len(self._arrived) < 6 + length:
                return None
            frame, self._arrived = self._arrived[: 6 + length], self._arrived[6 + length :]
            if frame[:2] == self._number.to_bytes(2) and frame[6] == self._unit:
                return frame[7:]
        return None

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._connected, self._arrived = None, False, b""

    def _looked_up(self) -> bool:
        """Look the host up; return whether its addresses are known."""
        if self._found is None:
            self._found = SimpleQueue()
            thread = threading.Thread(
                target=_look_up, args=(self._host, self._found), name="modbus-resolver", daemon=True
            )
            thread.start()
        try:
            found = self._found.get_nowait()
        except Empty:
            return False
        self._found = None
        if isinstance(found, OSError):
            raise found
        self._addresses = found
        return True

    def _begin(self) -> None:
        """Begin to connect to the next address; each is tried once until it is looked up again."""
        family, kind, protocol, _, target = self._addresses.pop(0)
        self._socket = socket.socket(family, kind, protocol)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.connect_ex(target)

    def _established(self) -> bool:
        if self._socket is None:
            return False
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        try:
            self._socket.getpeername()
        except OSError:
            return False  # under way
        return True

    def _take(self) -> None:
        if self._socket is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        try:
            piece = self._socket.recv(TAKEN)
        except BlockingIOError:
            return
        if not piece:
            raise OSError(errno.ECONNRESET, "the host has closed the connection")
        self._arrived += piece


def _look_up(host: Endpoint, found: "SimpleQueue[Addresses | OSError]") -> None:
    try:
        found.put(socket.getaddrinfo(host.host, host.port, type=socket.SOCK_STREAM))
    except OSError as error:
        found.put(error)
