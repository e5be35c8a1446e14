"""Plain paho with 1,000 messages a second, QoS 1, as its documentation shows: until killed.

python -m benchmarks.paced_paho PORT
"""

import sys
import time
from itertools import count, cycle

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.events import envelopes

RATE = 1000  # messages a second


def main() -> None:
    """Publish the events of readings, each at its time."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/cloudevents+json; charset=utf-8"
    begin = time.monotonic()
    for n, (topic, body) in zip(count(), cycle(list(envelopes(1000)))):
        time.sleep(max(begin + n / RATE - time.monotonic(), 0))
        client.publish(topic, body, 1, properties=properties)


if __name__ == "__main__":
    main()
