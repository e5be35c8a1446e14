"""One MQTT session: a paho client from connect to loss, driven by one thread.

paho's external-loop interface keeps its own thread out of the way, which is worth a third of the
throughput. Every attempt has its own client: only the log knows what is unsent.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.deliver.mqtt import reasons
from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.client import BoundedClient
from edge_agent.deliver.mqtt.job import MAX_PACKET, Messages, Refusal
from edge_agent.deliver.mqtt.lost import Cause, ConnectionLost
from edge_agent.deliver.mqtt.will import Will

CONNECT_SECONDS = 5.0  # TCP and TLS
CONNACK_SECONDS = 10.0
WINDOW = 100  # unacknowledged messages, as AWS IoT Core allows
MISC_SECONDS = 1.0
LARGEST_COMMAND = 20_000  # bytes; longer ones never reach the engine
PACKET_OVERHEAD = 100  # bytes of a PUBLISH beside topic and payload: header, content type


class Session:
    """A client at `address`; it collects what comes until the owner takes it.

    `moved_at` is when bytes of a QoS 1 message last reached the other machine.
    """

    def __init__(self, broker: Broker, address: Address, version: int, will: Will | None) -> None:
        self.version = version
        self.max_packet = MAX_PACKET
        self.acknowledged: set[int] = set()
        self.refused: list[Refusal] = []
        self.received: list[paho.MQTTMessage] = []
        self.ignored = False  # a command was too large
        self._window = WINDOW
        self.retains = self._acknowledges = True
        self._awaited: set[int] = set()
        self.address = address
        self.keep_alive = broker.keep_alive
        self._connack: ReasonCode | None = None
        self._lost = ""
        self._why: Cause = "other"
        self._misc_at = 0.0
        self._reached = 0
        self.moved_at = 0.0
        self._client = self._build(broker, address, will)

    def open(self, wake: int, interrupted: Callable[[], bool]) -> None:
        """Connect and wait for the CONNACK; raise ConnectionLost if there is none."""
        self._connect()
        deadline = time.monotonic() + CONNACK_SECONDS
        while self._connack is None and time.monotonic() < deadline:
            try:
                woken = self.pump(wake, MISC_SECONDS)
            except ConnectionLost as error:
                self._check_connack(reasons.refused(self.address, self._client.failure, error))
                raise
            if woken and interrupted():
                self.drop()
                raise ConnectionLost("interrupted")
        self._check_connack(reasons.silent(self.address, CONNACK_SECONDS))

    def _connect(self) -> None:
        host, port = self.address.host, self.address.port
        try:
            self._client.connect(
                host, port, round(self.keep_alive), properties=self._client.limits()
            )
        except (OSError, ValueError) as error:  # IDNA cannot encode every host name
            raise reasons.unreachable(self.address, error) from error

    def subscribe(self, topic: str) -> None:
        """Ask for messages; they gather in `received`."""
        self._client.ask(topic)

    def refusals(self) -> list[tuple[str, str]]:
        """Return topics that the broker has refused since the last call, with its reasons."""
        refusals, self._client.refusals = self._client.refusals, []
        return refusals

    def publish(
        self,
        topic: str,
        payload: bytes,
        properties: Properties | None = None,
        *,
        retain: bool = False,
    ) -> None:
        """Queue a QoS 1 message."""
        (mid,) = self._client.next_ids(1, self._awaited)
        self._awaited.add(mid)
        retain = retain and self.retains
        self._client.send(topic, payload, mid, retain=retain, properties=properties)

    def publish_all(self, messages: Messages, properties: Properties | None) -> list[int]:
        """Queue QoS 1 messages; return their ids."""
        mids = self._client.next_ids(len(messages), self._awaited)
        self._awaited.update(mids)
        self._client.send_all(messages, mids, properties)
        return mids

    def show(self, topic: str, payload: bytes) -> None:
        """Queue a QoS 0 message."""
        self._client.send(topic, payload, 0)

    def fits(self, topic: str, payload: bytes) -> bool:
        """Return whether the broker takes a message of this size."""
        return len(topic) + len(payload) + PACKET_OVERHEAD <= self.max_packet

    @property
    def room(self) -> int:
        """How many more QoS 1 messages the window takes."""
        return self._window - self.unsettled

    @property
    def unsettled(self) -> int:
        """How many QoS 1 messages wait for their acknowledgement."""
        return len(self._awaited)

    def congested(self) -> bool:
        """Return whether messages still wait for the socket."""
        return bool(self._client.want_write())

    def pump(self, wake: int | None, timeout: float) -> bool:
        """Let the socket work for a while; return whether `wake` was set; raise ConnectionLost.

        It reads before it writes: a write to a closed connection would hide the broker's reason.
        """
        sock: Any = self._client.socket()
        if sock is None:
            raise ConnectionLost(self._lost or "connection closed", self._why)
        # Brokers leave Nagle's algorithm on: without our immediate TCP acknowledgement, their next
        # PUBACK comes 40 ms later. The kernel forgets the option, so it is set each time.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        pending = self._client.unread()
        writers = [sock] if self._client.want_write() else []
        readers = [sock] if wake is None else [sock, wake]
        ready, writable, _ = select.select(readers, writers, [], 0 if pending else timeout)
        if pending or sock in ready:
            self._check(self._client.loop_read())
        if writable:
            self._check(self._client.loop_write())
        if time.monotonic() >= self._misc_at:
            self._look_after(time.monotonic())
        return wake in ready

    def _look_after(self, now: float) -> None:
        """Measure progress in bytes, and send a ping if nothing moves."""
        self._misc_at = now + min(MISC_SECONDS, self.keep_alive / 4)
        reached = min(self._client.reached(), self._client.awaited)
        self._client.moving = reached > self._reached
        if self._client.moving:
            self._reached, self.moved_at = reached, now
        self._check(self._client.loop_misc())

    def close(self) -> None:
        """Send DISCONNECT, so that the broker discards the will, and close."""
        self._client.disconnect()
        self._client.loop_write()

    def drop(self) -> None:
        """Close the socket without a word: the broker publishes the will."""
        sock: Any = self._client.socket()
        if sock is not None:
            sock.close()

    def _build(self, broker: Broker, address: Address, will: Will | None) -> BoundedClient:
        client = BoundedClient(
            broker.client_id, self.version, self._on_acknowledged, self._on_refused
        )
        client.connect_timeout = CONNECT_SECONDS
        if will is not None:
            client.will_set(will.topic, will.payload, 1, will.retain)
        client.authenticate(broker, address)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _check_connack(self, silence: ConnectionLost) -> None:
        """Raise ConnectionLost if the broker refused the client, or did not answer at all."""
        code = self._connack
        if code is None:
            self.drop()
            raise silence
        if code.is_failure:
            self.drop()
            cause: Cause = "other" if code.value in reasons.PASSING else "login"
            cause = reasons.CAUSES.get(code.value, cause)
            raise ConnectionLost(reasons.unwelcome(self.address, code), cause)
        if not self._acknowledges:
            self.drop()
            what = "takes messages with QoS 0 only, and acknowledges none: use another broker"
            raise ConnectionLost(f"{self.address} {what}", "login")

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.drop()
            what = self._lost or f"{self.address}: {paho.error_string(code)}"
            raise ConnectionLost(what, self._why)

    def _on_connect(
        self,
        _client: object,
        _data: object,
        _flags: object,
        code: ReasonCode,
        properties: Any,  # noqa: ANN401
    ) -> None:
        self._connack = code
        limits = getattr(properties, "__dict__", {})
        self._window = min(WINDOW, limits.get("ReceiveMaximum", WINDOW))
        self.max_packet = min(MAX_PACKET, limits.get("MaximumPacketSize", MAX_PACKET))
        self.retains = bool(limits.get("RetainAvailable", 1))
        self._acknowledges = bool(limits.get("MaximumQoS", 1))
        self.keep_alive = limits.get("ServerKeepAlive", 0) or self.keep_alive

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        unsaid = str(code) in reasons.UNSAID
        self._lost = f"{self.address} {'closed the connection' if unsaid else code}"
        self._why = "message" if code.value in reasons.FINAL else "hung up" if unsaid else "other"

    def _on_acknowledged(self, mids: Sequence[int]) -> None:
        known = self._awaited.intersection(mids)
        self._awaited -= known
        self.acknowledged |= known

    def _on_refused(self, mid: int, code: ReasonCode) -> None:
        if mid in self._awaited:
            self._awaited.remove(mid)
            self.refused.append((mid, str(code), code.value in reasons.FINAL))

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        if len(message.payload) <= LARGEST_COMMAND:
            self.received.append(message)
        else:
            self.ignored = True
