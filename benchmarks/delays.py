"""How long after their measurement events reach a subscriber."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.schema.cloud_event import CloudEvent

_decoder = msgspec.json.Decoder(CloudEvent)


@contextmanager
def delays(port: int) -> Iterator[list[float]]:
    """Yield a list to which the seconds of each reading are added until the end of the block."""
    seconds: list[float] = []

    def take(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        now = datetime.now(UTC)
        seconds.append((now - _decoder.decode(message.payload).time).total_seconds())

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = take
    client.connect("127.0.0.1", port)
    client.subscribe("edge/+/event/reading/#")
    client.loop_start()
    try:
        yield seconds
    finally:
        client.disconnect()
        client.loop_stop()
