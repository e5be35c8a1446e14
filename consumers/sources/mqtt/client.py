"""paho's client for a consumer: bounded, with a session that the broker keeps."""

import os
import socket
import time
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.deliver.mqtt.receiver import BoundedReceiver

LARGEST = 300_000  # bytes of a packet: an agent sends 128,000 at most
WINDOW = 500  # messages that the broker sends before the first is acknowledged
SESSION_SECONDS = 3600  # how long a broker keeps what comes while we are away
DAY = 86_400
GOODBYE_SECONDS = 1.0  # how long the broker may take to close


class SubscriberClient(BoundedReceiver):
    """Keeps no more than the start of a packet that is too large; its payload is no JSON then."""

    def __init__(self, client_id: str, version: int, *, keep: bool) -> None:
        """`keep` leaves the session at the broker at the end."""
        self._keep = keep
        limits = {"largest": LARGEST, "window": WINDOW}
        super().__init__(client_id, version, **limits, clean=not keep, manual=True)

    def start(self, host: str, port: int, keep_alive: int) -> None:
        """Send CONNECT, to continue the session that the broker may have."""
        asked: Any = self.limits()
        if asked is None:
            self.connect(host, port, keep_alive)
            return
        asked.SessionExpiryInterval = DAY if self._keep else SESSION_SECONDS
        self.connect(host, port, keep_alive, clean_start=False, properties=asked)

    def finish(self) -> None:
        """Send DISCONNECT; a session that is not to be kept ends."""
        goodbye: Any = None
        if self.protocol is paho.MQTTv5 and not self._keep:
            goodbye = Properties(PacketTypes.DISCONNECT)  # type: ignore[no-untyped-call]
            goodbye.SessionExpiryInterval = 0
        sock: Any = self.socket()
        line = None if sock is None else socket.socket(fileno=os.dup(sock.fileno()))
        self.disconnect(properties=goodbye)
        self.loop_write()
        if line is not None:
            _read_to_end(line)


def _read_to_end(line: socket.socket) -> None:
    """Let the broker close: if we close first, unread bytes undo the acknowledgements just sent."""
    end = time.monotonic() + GOODBYE_SECONDS
    with line, suppress(OSError):
        line.settimeout(GOODBYE_SECONDS)
        line.shutdown(socket.SHUT_WR)
        while time.monotonic() < end and line.recv(65_536):
            pass
