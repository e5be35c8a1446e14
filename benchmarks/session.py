"""Events that a broker keeps in the session of a subscriber."""

from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.events import envelopes

TOPIC = "edge/+/event/#"
KEPT = 3600  # seconds that the broker keeps a session


def subscribed(port: int, client_id: str, on_message: Callable[..., Any]) -> paho.Client:
    """Return a client whose session the broker keeps."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
    ready: list[object] = []
    client.on_message = on_message
    client.on_subscribe = lambda *_: ready.append(None)
    kept: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    kept.SessionExpiryInterval = KEPT
    client.connect("127.0.0.1", port, clean_start=False, properties=kept)
    client.subscribe(TOPIC, 1)
    while not ready:
        client.loop()
    return client


def forget(port: int, client_id: str) -> None:
    """End a session, for the broker would keep the events of the next runs for it."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", port, clean_start=True)
    while not client.is_connected():
        client.loop()
    client.disconnect()


def publish(port: int, count: int) -> None:
    """Publish the events; the broker has all of them afterwards."""
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for topic, body in envelopes(count):
        last = client.publish(topic, body, 1)
    last.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()
