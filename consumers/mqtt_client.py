"""paho's client for a consumer: bounded, with a session that the broker keeps."""

from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_agent.deliver.mqtt.receiver import BoundedReceiver

LARGEST = 300_000  # bytes of a packet: an agent sends 128,000 at most
WINDOW = 500  # messages that the broker sends before the first is acknowledged
SESSION_SECONDS = 3600  # how long a broker keeps what comes while we are away
DAY = 86_400


class SubscriberClient(BoundedReceiver):
    """Keeps no more than the start of a packet that is too large; its payload is no JSON then."""

    def __init__(self, client_id: str, version: int, *, keep: bool) -> None:
        """`keep` leaves the session at the broker at the end."""
        self._keep = keep
        super().__init__(client_id, version, largest=LARGEST, window=WINDOW, clean=not keep)

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
        self.disconnect(properties=goodbye)
        self.loop_write()
