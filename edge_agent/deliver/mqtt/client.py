"""paho's client for an agent: bounded, and it counts what it sent.

paho has no public way to count, so some of its private methods are overridden; the tests with a
slow broker fail if a new paho no longer calls them.
"""

import array
import fcntl
import socket
import termios
import time
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.lost import ConnectionLost
from edge_agent.deliver.mqtt.receiver import BoundedReceiver
from edge_agent.errors import AgentError

LARGEST_RECEIVED = 32_768  # bytes of a packet from the broker: commands are short
INBOUND_WINDOW = 20  # commands that the broker sends before the first is acknowledged


# Called for every packet, some of them several times: by name they cost half of what `super` does.
_queue, _send = paho.Client._packet_queue, paho.Client._sock_send  # noqa: SLF001


class BoundedClient(BoundedReceiver):
    """Keeps no more than the start of a packet that is too large.

    Such a packet is still acknowledged: a retained one would come back at every connection.
    """

    def __init__(self, client_id: str, version: int) -> None:
        self.queued = self._written_bytes = 0  # bytes that were ever to be sent, and that were
        self._asked: dict[int, str] = {}  # topics whose subscription is not confirmed yet
        self.refusals: list[tuple[str, str]] = []  # topics, with the broker's reasons
        self.moving = False  # bytes are under way: silence is no reason to give up
        super().__init__(
            client_id, version, largest=LARGEST_RECEIVED, window=INBOUND_WINDOW, clean=True
        )
        self.max_inflight_messages_set(0)  # the window is the session's to keep
        self.on_subscribe = self._take_answer
        self.on_socket_open = _send_at_once
        self.on_socket_register_write = _leave_it_to_pump
        self.on_socket_unregister_write = _leave_it_to_pump

    def authenticate(self, broker: Broker, address: Address) -> None:
        """Read password and TLS files afresh; raise ConnectionLost."""
        try:
            super().authenticate(broker, address)
        except AgentError as error:
            raise ConnectionLost(str(error), "login") from error

    def ask(self, topic: str) -> None:
        """Subscribe with QoS 1; a message that was sent to be retained shows it, in MQTT 5."""
        options = None
        if self.protocol is MQTTProtocolVersion.MQTTv5:
            options = SubscribeOptions(qos=1, retainAsPublished=True)
        _, mid = self.subscribe(topic, 0 if options else 1, options)
        if mid is not None:
            self._asked[mid] = topic

    def _take_answer(
        self, _client: object, _data: object, mid: int, codes: list[ReasonCode], _more: object
    ) -> None:
        topic = self._asked.pop(mid, "")
        self.refusals += [(topic, str(code)) for code in codes if code.is_failure]

    def reached(self) -> int:
        """Return how many of these bytes the other machine has."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self.socket().fileno(), termios.TIOCOUTQ, waiting)  # type: ignore[union-attr]
        return self._written_bytes - waiting[0]

    def _packet_queue(
        self,
        command: int,
        packet: bytes | bytearray,
        mid: int,
        qos: int,
        info: paho.MQTTMessageInfo | None = None,
    ) -> MQTTErrorCode:
        self.queued += len(packet)
        return _queue(self, command, packet, mid, qos, info)

    def _sock_send(self, buf: bytes | bytearray) -> int:
        count = _send(self, buf)
        self._written_bytes += count
        return count

    def _check_keepalive(self) -> None:
        if self.moving:  # the answer to a ping would come behind the bytes that are under way
            self._last_bytes_received = time.monotonic()
        else:
            super()._check_keepalive()


def _send_at_once(_client: object, _data: object, sock: Any) -> None:  # noqa: ANN401
    """Switch Nagle's algorithm off: with delayed TCP acknowledgements it costs 40 ms a batch."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_it_to_pump(*_: object) -> None:
    """Keep paho from writing inside `publish`: one write for many messages is cheaper."""
