"""One connection to an MQTT broker, from CONNECT to its loss, driven by one thread."""

import socket
import time
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from consumers.sources.mqtt.client import SubscriberClient
from consumers.sources.mqtt.message import MqttMessage
from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.errors import AgentError

CONNECT_SECONDS = 5.0  # TCP and TLS
ANSWER_SECONDS = 10.0  # CONNACK, SUBACK
# Some brokers without MQTT 5 wait forever for the rest of a CONNECT that they do not understand.
FIRST_ANSWER_SECONDS = 3.0
STEP_SECONDS = 0.5
TAKE, TAKE_BYTES = 1000, 4_000_000  # messages taken at once, and about their size
FAILURE = 0x80  # reason codes from here on
VERSION_REFUSED = 0x84
SUCCESS = MQTTErrorCode.MQTT_ERR_SUCCESS
MQTT_5 = MQTTProtocolVersion.MQTTv5


class SessionEnded(Exception):
    """The connection is lost, or did not come about.

    `other_version`: another version of MQTT may be spoken; `lasting`: a person has to correct it.
    """

    def __init__(self, reason: str, *, other_version: bool = False, lasting: bool = False) -> None:
        super().__init__(reason)
        self.other_version = other_version
        self.lasting = lasting


class SubscriberSession:
    """A connected and subscribed client; `received` collects messages until the owner takes them.

    A message is acknowledged on the connection that it came by, or never: after another CONNECT,
    its id may be that of another one. `resumed` says whether the broker had kept what came since
    the last connection.
    """

    def __init__(self, broker: Broker, address: Address, version: int, *, keep: bool) -> None:
        self.received: list[MqttMessage] = []
        self.size = 0  # bytes of their payloads
        self.resumed = False
        self._done: list[int] = []  # ids of messages
        self._dropped = False
        self._patience = FIRST_ANSWER_SECONDS if version == MQTT_5 else ANSWER_SECONDS
        self._address = address
        self._keep_alive = round(broker.keep_alive)
        self._answer: Sequence[ReasonCode] = ()
        self._ended = ""
        self._client = SubscriberClient(broker.client_id, version, self._take, keep=keep)
        self._client.connect_timeout = CONNECT_SECONDS
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._authenticate(broker)

    @property
    def enough(self) -> bool:
        """Return whether the owner should take what was received before more is read."""
        return len(self.received) >= TAKE or self.size >= TAKE_BYTES

    def open(self, topics: Sequence[str]) -> None:
        """Connect and subscribe; raise SessionEnded if the broker refuses or does not answer."""
        self._connect()
        self._await_connack()
        self._patience = ANSWER_SECONDS
        self._client.subscribe([(topic, 1) for topic in topics])
        for topic, code in zip(topics, self._awaited(), strict=False):
            if code.value >= FAILURE:
                reason = f"{self._address} refuses the subscription to {topic}: {code}"
                raise SessionEnded(reason, lasting=True)

    def step(self, seconds: float) -> None:
        """Let the socket work for at most a while; raise SessionEnded."""
        self.acknowledge()
        code = self._client.work(seconds)
        while code == SUCCESS and self._client.has_more() and not self.enough:
            code = self._client.loop_read()
        if code != SUCCESS:
            raise SessionEnded(self._ended or f"{self._address}: {paho.error_string(code)}")

    def rest(self, seconds: float) -> None:
        """Read nothing for a while, and show the broker that we live; raise SessionEnded."""
        time.sleep(seconds)
        if self._client.loop_misc() != SUCCESS:
            raise SessionEnded(self._ended or f"{self._address} was not read for too long")

    def take(self) -> list[MqttMessage]:
        """Return what was received since the last time."""
        taken, self.received, self.size = self.received, [], 0
        return taken

    def settle(self, mid: int) -> None:
        """Note that a message is done with; nothing is sent yet."""
        if mid:
            self._done.append(mid)

    def acknowledge(self) -> None:
        """Let the broker forget what is done with; do nothing if the connection is gone."""
        done, self._done = self._done, []
        if done and not self._dropped:
            self._client.acknowledge(done)

    def close(self) -> None:
        """Say goodbye."""
        self.acknowledge()
        self._client.finish()
        self.drop()

    def drop(self) -> None:
        """Close the connection without a word."""
        self._dropped = True
        sock: Any = self._client.socket()
        if sock is not None:
            sock.close()

    def _authenticate(self, broker: Broker) -> None:
        try:
            self._client.authenticate(broker, self._address)
        except AgentError as error:
            raise SessionEnded(str(error), lasting=True) from error

    def _connect(self) -> None:
        host, port = self._address.host, self._address.port
        try:
            self._client.start(host, port, self._keep_alive)
        except (OSError, ValueError) as error:
            reason = f"{self._address}: {getattr(error, 'strerror', None) or error}"
            raise SessionEnded(reason, lasting=isinstance(error, socket.gaierror)) from error

    def _await_connack(self) -> None:
        try:
            (code,) = self._awaited()
        except SessionEnded as error:  # some brokers close instead of refusing the version
            raise SessionEnded(str(error), other_version=True) from error
        if code.value >= FAILURE:
            other_version = code.value == VERSION_REFUSED
            reason = f"{self._address} refuses: {code}"
            raise SessionEnded(reason, other_version=other_version, lasting=True)

    def _awaited(self) -> Sequence[ReasonCode]:
        """Return the broker's next answer; raise SessionEnded if none comes in time."""
        deadline = time.monotonic() + self._patience
        while not self._answer:
            if time.monotonic() > deadline:
                raise SessionEnded(f"{self._address} does not answer")
            self._step_for_answer()
        answer, self._answer = self._answer, ()
        return answer

    def _step_for_answer(self) -> None:
        try:
            self.step(STEP_SECONDS)
        except SessionEnded:
            if not self._answer:
                raise

    def _on_connect(
        self, _client: object, _data: object, flags: paho.ConnectFlags, code: ReasonCode, _: object
    ) -> None:
        self._answer = [code]
        self.resumed = flags.session_present

    def _take(self, message: MqttMessage) -> None:
        self.received.append(message)
        self.size += len(message.payload)

    def _on_subscribe(
        self, _client: object, _data: object, _mid: int, codes: Sequence[ReasonCode], _: object
    ) -> None:
        self._answer = codes

    def _on_disconnect(
        self, _client: object, _data: object, _flags: object, code: ReasonCode, _: object
    ) -> None:
        self._ended = f"{self._address} ended the connection ({code})"
