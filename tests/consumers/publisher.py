"""A client that publishes what it is given, and knows when the broker has it."""

import json

import paho.mqtt.client as paho
from lab.waiting import eventually

from edge_agent.deliver.mqtt.address import parse_url

TOPIC = "edge/greenhouse/event/reading/air"


class Publisher:
    """Connects again by itself, and goes on with what a killed broker has not acknowledged."""

    def __init__(self, url):
        address = parse_url(url)
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id="publisher", clean_session=False
        )
        self._client.max_inflight_messages_set(200)
        self._client.reconnect_delay_set(0.1, 0.2)
        self._client.connect(address.host, address.port)
        self._client.loop_start()

    def send(self, topic, body, *, retain=False, qos=1):
        """Publish one message, as it is or as JSON."""
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(60)

    def publish(self, events):
        """Publish events of one device."""
        eventually(self._client.is_connected)
        sent = [self._client.publish(TOPIC, json.dumps(each), qos=1) for each in events]
        for each in sent:
            each.wait_for_publish(60)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()
