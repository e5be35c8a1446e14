"""The contract of every sink, with a real HiveMQ, which takes ten unconfirmed messages at most."""

import pytest
from lab.destinations import SubscribedBroker

from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import SinkContract
from tests.buses.servers.hivemq import HiveMq

MODES = {"mqtt 5": (5,), "mqtt 3.1.1": (4,)}


class HiveMqDestination(SubscribedBroker):
    """A broker that all tests share, with what is published below a node's topics."""

    def __init__(self, server, versions):
        super().__init__(server, "edge/+/#")
        self._options = MqttOptions(versions=versions)

    def plan(self):
        return SinkPlan("mqtt", (self.server.url,), self._options)

    def close(self):
        self.subscriber.close()


@pytest.fixture(scope="module")
def hivemq(tmp_path_factory):
    server = HiveMq(tmp_path_factory.mktemp("hivemq"), HiveMqDestination.largest).start()
    yield server
    server.kill()


class TestHiveMq(SinkContract):
    @pytest.fixture(params=MODES.values(), ids=MODES)
    def destination(self, request, hivemq):
        destination = HiveMqDestination(hivemq, request.param)
        yield destination
        destination.close()
