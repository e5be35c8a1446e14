"""paho's client for an agent: bounded, quick with events, and it counts what it sent.

It writes PUBLISH and reads PUBACK itself, many at a time; paho connects, logs in, subscribes, pings
and reads all else. paho has no public way to any of this, so some of its private methods are
overridden; the tests with a slow broker fail if a new paho no longer calls them.
"""

import array
import fcntl
import socket
import termios
import time
from collections.abc import Callable, Sequence
from itertools import chain, filterfalse, islice
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.job import Messages
from edge_agent.deliver.mqtt.lost import ConnectionLost
from edge_agent.deliver.mqtt.packets import PUBLISH, acknowledged, publish, publish_all, refusal
from edge_agent.deliver.mqtt.receiver import BoundedReceiver
from edge_agent.errors import AgentError

LARGEST_RECEIVED = 32_768  # bytes of a packet from the broker: commands are short
INBOUND_WINDOW = 20  # commands that the broker sends before the first is acknowledged
RECEIVED = 16_384  # bytes that are read at a time: a TLS record
WRITTEN = 65_536  # bytes of messages that are written at a time
LAST_ID = 65_535
NO_PROPERTIES = b"\0"
GOOD, GONE = MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_CONN_LOST


# Called for every packet, some of them several times: by name they cost half of what `super` does.
_queue, _send = paho.Client._packet_queue, paho.Client._sock_send  # noqa: SLF001


class BoundedClient(BoundedReceiver):
    """Keeps no more than the start of a packet that is too large.

    Such a packet is still acknowledged: a retained one would come back at every connection.
    `acknowledged` is called with the ids of messages that the broker has, `refused` with the id of
    one that it does not take.
    """

    def __init__(
        self,
        client_id: str,
        version: int,
        acknowledged: Callable[[list[int]], None],
        refused: Callable[[int, ReasonCode], None],
    ) -> None:
        self._acknowledged, self._refused = acknowledged, refused
        self._messages: list[bytes] = []  # not handed to paho yet
        self._size = 0  # bytes of them
        self._received = b""  # not read yet
        self.queued = self._written_bytes = 0  # bytes that were ever to be sent, and that were
        self.awaited = 0  # how many were, when the last message with QoS 1 was among them
        self._asked: dict[int, str] = {}  # topics whose subscription is not confirmed yet
        self.refusals: list[tuple[str, str]] = []  # topics, with the broker's reasons
        self.moving = False  # bytes are under way: silence is no reason to give up
        super().__init__(
            client_id, version, largest=LARGEST_RECEIVED, window=INBOUND_WINDOW, clean=True
        )
        self._no_properties = NO_PROPERTIES if version == MQTTProtocolVersion.MQTTv5 else b""
        self.max_inflight_messages_set(0)  # the window is the session's to keep
        self.on_subscribe = self._take_answer
        self.on_socket_open = _send_at_once
        self.on_socket_register_write = _leave_it_to_pump
        self.on_socket_unregister_write = _leave_it_to_pump

    def send(
        self,
        topic: str,
        payload: bytes,
        mid: int,
        *,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Queue a message with QoS 1, or with QoS 0 if `mid` is 0."""
        packed = self._packed(properties)
        packet = publish(topic, payload, mid, retain=retain, properties=packed)
        self._add([packet], len(packet))
        if mid:
            self.awaited = self.queued

    def send_all(
        self, messages: Messages, mids: Sequence[int], properties: Properties | None
    ) -> None:
        """Queue messages with QoS 1."""
        packets = publish_all(messages, mids, self._packed(properties))
        size = sum(map(len, packets))
        if self._size + size <= WRITTEN:
            self._add(packets, size)
        else:
            for packet in packets:
                self._add([packet], len(packet))
        self.awaited = self.queued

    def _packed(self, properties: Properties | None) -> bytes:
        packed = self._no_properties
        if packed and properties is not None:
            packed = properties.pack()  # type: ignore[no-untyped-call]
        return packed

    def _add(self, packets: list[bytes], size: int) -> None:
        if self._size + size > WRITTEN:
            self._hand_over()
        self._messages += packets
        self._size += size
        self.queued += size

    def next_ids(self, count: int, taken: set[int]) -> list[int]:
        """Return the ids of further messages; subscriptions take theirs from the same numbers."""
        last = self._last_mid  # without paho's lock: one thread sends
        ids = chain(range(last + 1, LAST_ID + 1), range(1, last + 1))
        mids = [*islice(filterfalse(taken.__contains__, ids), count)]
        self._last_mid = mids[-1] if mids else last
        return mids

    def unread(self) -> bool:
        """Return whether something has come that `select` does not see."""
        pending = getattr(self.socket(), "pending", lambda: 0)  # TLS reads whole records
        return bool(self._received or pending())

    def want_write(self) -> bool:
        """Return whether anything waits for the socket."""
        return bool(self._messages) or super().want_write()

    def loop_write(self) -> MQTTErrorCode:
        """Write as much as the socket takes."""
        self._hand_over()
        return super().loop_write()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read what has come: acknowledgements here, then a packet by paho."""
        try:
            self._received = self._received or self._sock_recv(RECEIVED)
        except BlockingIOError:
            return GOOD
        except OSError:
            return self._loop_rc_handle(GONE)
        if not self._received:
            return self._loop_rc_handle(GONE)
        self._take_acknowledgements()
        return super().loop_read(max_packets) if self._received else GOOD

    def _take_acknowledgements(self) -> None:
        if self._in_packet["command"]:  # paho is in the middle of a packet
            return
        mids, length = acknowledged(self._received)
        if length:
            self._received = self._received[length:]
            self._last_bytes_received = time.monotonic()
            self._acknowledged(mids)

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self._received:
            return super()._sock_recv(bufsize)
        taken, self._received = self._received[:bufsize], self._received[bufsize:]
        return taken

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """Take an acknowledgement that says more than that the broker has the message."""
        if cmd == "PUBACK":
            mid, value = refusal(self._in_packet["packet"])
            code = ReasonCode(PacketTypes.PUBACK, identifier=value)
            if code.is_failure:
                self._refused(mid, code)
            else:
                self._acknowledged([mid])
        return GOOD

    def _hand_over(self) -> None:
        """Let paho write the messages as one, in their turn among its own packets."""
        if self._messages:
            packets, self._messages, self._size = b"".join(self._messages), [], 0
            _queue(self, PUBLISH, packets, 0, 1, None)

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
        self._hand_over()
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
