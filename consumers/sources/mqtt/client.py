"""paho's client for a consumer: bounded, with a session that the broker keeps."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MessageType, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from consumers.sources.mqtt.message import MqttMessage, message_in
from consumers.sources.mqtt.read_ahead import ReadAhead
from edge_agent.deliver.mqtt.receiver import BoundedReceiver

LARGEST = 300_000  # bytes of a packet: an agent sends 128,000 at most
WINDOW = 1000
SESSION_SECONDS = 3600  # how long a broker keeps what comes while we are away
DAY = 86_400
GOODBYE_SECONDS = 1.0  # how long the broker may take to close
PUBACK = struct.Struct("!BBH")
ID_BYTES = 2


class SubscriberClient(BoundedReceiver):
    """Keeps no more than the start of a packet that is too large; its payload is no JSON then.

    `arrived` gets each message.
    """

    def __init__(
        self, client_id: str, version: int, arrived: Callable[[MqttMessage], None], *, keep: bool
    ) -> None:
        """`keep` leaves the session at the broker at the end."""
        self._keep = keep
        self._arrived = arrived
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

    def work(self, seconds: float) -> MQTTErrorCode:
        """Wait for the socket, then do what it is ready for; take a packet at most.

        paho's own `loop` opens a pair of sockets more, and closes them when it is collected.
        """
        sock: Any = self.socket()
        if sock is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        writing = [sock] if self.want_write() else []
        more = self.has_more()
        readable, writable, _ = select.select([sock], writing, [], 0.0 if more else seconds)
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if readable or more:
            code = self.loop_read()
        if writable and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = self.loop_write()
        return code or self.loop_misc()

    def has_more(self) -> bool:
        """Return whether a read has brought more than was taken."""
        sock: Any = self.socket()
        return sock is not None and sock.pending() > 0

    def acknowledge(self, mids: Sequence[int]) -> None:
        """Acknowledge messages, all with one write."""
        packets = [PUBACK.pack(MessageType.PUBACK, ID_BYTES, mid) for mid in mids]
        self._packet_queue(MessageType.PUBACK, b"".join(packets), 0, 1)

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

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho takes whatever has a socket's methods
        return ReadAhead(super()._create_socket())

    def _handle_publish(self) -> MQTTErrorCode:
        found = self._in_packet
        properties = self.protocol is paho.MQTTv5
        self._arrived(message_in(found["command"], found["packet"], properties=properties))
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def _read_to_end(line: socket.socket) -> None:
    """Let the broker close: if we close first, unread bytes undo the acknowledgements just sent."""
    end = time.monotonic() + GOODBYE_SECONDS
    with line, suppress(OSError):
        line.settimeout(GOODBYE_SECONDS)
        line.shutdown(socket.SHUT_WR)
        while time.monotonic() < end and line.recv(65_536):
            pass
