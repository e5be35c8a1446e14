"""The contract of a source, with mosquitto."""

import getpass

import paho.mqtt.client as paho
import pytest

from consumers.source import SourcePlan
from consumers.sources.mqtt.client import WINDOW
from edge_agent.testing import Origin, SourceContract

KEEP = """allow_anonymous true
persistence true
persistence_location {}/
user {}
"""


class BrokerOrigin(Origin):
    """A broker that keeps sessions while it is stopped."""

    window = WINDOW

    def __init__(self, broker):
        self._broker = broker

    def plan(self, group, member="", nodes=()):
        return SourcePlan(url=self._broker.url, group=group, member=member, nodes=nodes)

    def publish(self, messages):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self._broker.port)
        client.loop_start()
        sent = [
            client.publish(f"edge/{one.node}/event/reading/air", one.payload, qos=1)
            for one in messages
        ]
        for each in sent:
            each.wait_for_publish(60)
        client.disconnect()
        client.loop_stop()

    def stop(self):
        self._broker.stop()

    def start(self):
        self._broker.start()


class TestMosquitto(SourceContract):
    @pytest.fixture
    def origin(self, mosquitto, tmp_path):
        return BrokerOrigin(mosquitto(KEEP.format(tmp_path, getpass.getuser())).start())
