"""One MQTT session: a paho client from connect to loss, driven by one thread.

paho's external-loop interface keeps its own thread out of the way, which is worth a third of the
throughput. Every attempt has its own client: only the log knows what is unsent.
"""

import select
import socket
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.deliver.mqtt.address import Address, Broker, read_password, tls_context
from edge_agent.deliver.mqtt.job import MAX_PACKET
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

CONNECT_SECONDS = 5.0  # TCP and TLS
CONNACK_SECONDS = 10.0
WINDOW = 100  # unacknowledged messages, as AWS IoT Core allows
MISC_SECONDS = 1.0
UNSAID = {"Unspecified error", "Normal disconnection", "Success"}  # what paho makes of a bare close
VERSION_REFUSED = {"Unsupported protocol version"}


class ConnectionLost(Exception):
    """The session is over; `version_refused` if another MQTT version may do."""

    def __init__(self, reason: str, *, version_refused: bool = False) -> None:
        super().__init__(reason)
        self.version_refused = version_refused


class Will(NamedTuple):
    """What the broker says when we vanish."""

    topic: str
    payload: bytes
    retain: bool


class Session:
    """A connected client; `acks` collects (message id, reason or empty) until they are taken."""

    def __init__(self, broker: Broker, address: Address, version: int, will: Will) -> None:
        self.version = version
        self.max_packet = MAX_PACKET
        self.acks: list[tuple[int, str]] = []
        self.received: list[paho.MQTTMessage] = []
        self._window = WINDOW
        self._retain_allowed = True
        self._awaited: set[int] = set()
        self._address = address
        self._keep_alive = round(broker.keep_alive)
        self._connack: ReasonCode | None = None
        self._lost = ""
        self._misc_at = 0.0
        self._client = self._build(broker, address, will)

    def open(self, wake: int, interrupted: Callable[[], bool]) -> None:
        """Connect and wait for the CONNACK; raise ConnectionLost if there is none."""
        try:
            self._client.connect(self._address.host, self._address.port, self._keep_alive)
        except OSError as error:
            raise ConnectionLost(f"{self._address}: {error.strerror or error}") from error
        deadline = time.monotonic() + CONNACK_SECONDS
        while self._connack is None and time.monotonic() < deadline:
            try:
                woken = self.pump(wake, MISC_SECONDS)
            except ConnectionLost as error:
                self._check_connack()
                raise ConnectionLost(str(error), version_refused=True) from error
            if woken and interrupted():
                raise ConnectionLost("interrupted")
        self._check_connack()

    def subscribe(self, topic: str) -> None:
        """Ask for messages; they gather in `received`."""
        self._client.subscribe(topic, qos=1)

    def publish(
        self,
        topic: str,
        payload: bytes,
        properties: Properties | None = None,
        *,
        retain: bool = False,
    ) -> int:
        """Queue a QoS 1 message; return its id."""
        if self.version != MQTTProtocolVersion.MQTTv5:
            properties = None
        retain = retain and self._retain_allowed
        mid = self._client.publish(topic, payload, 1, retain, properties).mid
        self._awaited.add(mid)
        return mid

    def show(self, topic: str, payload: bytes) -> None:
        """Queue a QoS 0 message."""
        self._client.publish(topic, payload, 0)

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

    def pump(self, wake: int, timeout: float) -> bool:
        """Let the socket work for a while; return whether `wake` was set; raise ConnectionLost."""
        sock: Any = self._client.socket()
        if sock is None:
            raise ConnectionLost(self._lost or "connection closed")
        if self._client.want_write():
            self._check(self._client.loop_write())
        # Brokers leave Nagle's algorithm on: without our immediate TCP acknowledgement, their next
        # PUBACK comes 40 ms later. The kernel forgets the option, so it is set each time.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        pending = getattr(sock, "pending", lambda: 0)()  # TLS may hold bytes select cannot see
        writers = [sock] if self._client.want_write() else []
        ready, _, _ = select.select([sock, wake], writers, [], 0 if pending else timeout)
        if pending or sock in ready:
            self._check(self._client.loop_read())
        if time.monotonic() >= self._misc_at:
            self._misc_at = time.monotonic() + MISC_SECONDS
            self._check(self._client.loop_misc())  # keep-alive
        return wake in ready

    def close(self) -> None:
        """Send DISCONNECT, so that the broker discards the will, and close."""
        self._client.disconnect()
        self._client.loop_write()

    def drop(self) -> None:
        """Close the socket without a word: the broker publishes the will."""
        sock: Any = self._client.socket()
        if sock is not None:
            sock.close()

    def _build(self, broker: Broker, address: Address, will: Will) -> paho.Client:
        version = MQTTProtocolVersion(self.version)
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            protocol=version,
            reconnect_on_failure=False,
            # MQTT 3.1.1 says at CONNECT what MQTT 5 calls clean start
            clean_session=None if version is MQTTProtocolVersion.MQTTv5 else True,
        )
        client.connect_timeout = CONNECT_SECONDS
        client.max_inflight_messages_set(0)  # the window is ours to keep
        client.will_set(will.topic, will.payload, 1, will.retain)
        self._authenticate(client, broker, address)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_open = _send_at_once
        client.on_socket_register_write = _leave_it_to_pump
        client.on_socket_unregister_write = _leave_it_to_pump
        return client

    def _authenticate(self, client: paho.Client, broker: Broker, address: Address) -> None:
        """Read password and TLS files afresh: they may have been replaced."""
        try:
            if broker.username:
                password = read_password(broker.password_file, broker.password_env)
                client.username_pw_set(broker.username, password or None)
            if address.tls:
                client.tls_set_context(tls_context(*map(expanded, broker.tls)))
        except AgentError as error:
            raise ConnectionLost(f"the password or a TLS file cannot be read: {error}") from error

    def _check_connack(self) -> None:
        code = self._connack
        if code is None:
            self.drop()
            raise ConnectionLost(f"{self._address} does not answer", version_refused=True)
        if code.is_failure:
            self.drop()
            refused = str(code) in VERSION_REFUSED
            raise ConnectionLost(f"{self._address} refuses: {code}", version_refused=refused)

    def _check(self, code: MQTTErrorCode) -> None:
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self.drop()
            raise ConnectionLost(self._lost or f"{self._address}: {paho.error_string(code)}")

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
        self._retain_allowed = bool(limits.get("RetainAvailable", 1))

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _more: object
    ) -> None:
        reason = "closed the connection" if str(code) in UNSAID else str(code)
        self._lost = f"{self._address} {reason}"

    def _on_publish(
        self, _client: object, _data: object, mid: int, code: ReasonCode, _more: object
    ) -> None:
        if mid in self._awaited:  # paho calls for QoS 0 as well
            self._awaited.remove(mid)
            self.acks.append((mid, str(code) if code.is_failure else ""))

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.received.append(message)


def _send_at_once(_client: object, _data: object, sock: Any) -> None:  # noqa: ANN401
    """Switch Nagle's algorithm off: with delayed TCP acknowledgements it costs 40 ms a batch."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _leave_it_to_pump(*_: object) -> None:
    """Keep paho from writing inside `publish`: one write for many messages is cheaper."""
