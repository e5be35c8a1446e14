"""The connection of many simulated nodes to one broker: at least once, with a bounded window."""

import queue
import time
from collections import deque
from typing import Any, cast
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from simulators.fleet.node import Message

WINDOW = 200  # messages that are not acknowledged
KEEP_ALIVE = 60
PATIENCE = 60.0  # s until a broker that does not answer is given up
WAIT_SECONDS = 0.5


class BrokerLost(Exception):
    """The broker refuses the connection, or ended it."""


class FleetConnection:
    """Publishes messages in order; one thread alone uses it, which also drives the socket."""

    def __init__(self, url: str, client_id: str) -> None:
        self._address = urlsplit(url)
        self._client_id = client_id
        self._unsent: deque[Message] = deque()
        self._flying: dict[int, Message] = {}
        self._acknowledged: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.published = 0
        self._client = self._new_client()

    def publish(self, message: Message) -> None:
        """Take a message over; it waits while the window is full."""
        self._unsent.append(message)
        while len(self._flying) >= WINDOW:
            self._step(WAIT_SECONDS)
        self._send()

    def finish(self) -> None:
        """Wait until everything is acknowledged, and disconnect."""
        while self._unsent or self._flying:
            self._step(WAIT_SECONDS)
            self._send()
        self._client.disconnect()
        self._client.loop_write()

    def _new_client(self) -> paho.Client:
        """Connect, and try again for a minute; raise BrokerLost."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._attempt()
            except (BrokerLost, OSError) as error:
                if time.monotonic() > until:
                    raise BrokerLost(f"{self._address.netloc}: {error}") from error
                time.sleep(WAIT_SECONDS)

    def _attempt(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, self._client_id, protocol=paho.MQTTv5)
        client.max_inflight_messages_set(WINDOW)
        client.on_publish = self._on_publish
        host, port = self._address.hostname or "127.0.0.1", self._address.port or 1883
        client.connect(host, port, KEEP_ALIVE)
        while not client.is_connected():
            self._drive(client, WAIT_SECONDS)
        return client

    def _on_publish(self, _client: object, _data: object, mid: int, *_: object) -> None:
        self._acknowledged.put(mid)

    def _send(self) -> None:
        while self._unsent and len(self._flying) < WINDOW:
            message = self._unsent.popleft()
            info = self._client.publish(message.topic, message.payload, 1, message.retained)
            self._flying[info.mid] = message

    def _step(self, seconds: float) -> None:
        try:
            self._drive(self._client, seconds)
        except (BrokerLost, OSError):
            self._connect_again()
        while not self._acknowledged.empty():
            if self._flying.pop(self._acknowledged.get(), None):
                self.published += 1

    def _connect_again(self) -> None:
        """Deliver once more, and first, what was not acknowledged."""
        self._unsent.extendleft(reversed(self._flying.values()))
        self._flying.clear()
        self._client = self._new_client()

    @staticmethod
    def _drive(client: paho.Client, seconds: float) -> None:
        code = cast("Any", client.loop(seconds))
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerLost(paho.error_string(code))
