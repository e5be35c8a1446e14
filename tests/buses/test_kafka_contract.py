"""The contract of every sink, with a real Kafka as the destination."""

import pytest
from lab.destinations import ServerDestination

from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import Got, SinkContract
from tests.buses.kafka_reader import stored

MODES = {"structured": {}, "binary": {"content": "binary"}, "zstd": {"compression": "zstd"}}


class KafkaDestination(ServerDestination):
    """A topic of a real cluster, with one partition, so that all events have one order."""

    largest = 1_100_000

    def __init__(self, kafka, topic, options):
        super().__init__(kafka)
        self._topic = topic
        self._options = KafkaOptions(**options)
        kafka.create(topic)

    def plan(self):
        return SinkPlan("kafka", (f"{self.server.url}/{self._topic}",), self._options)

    def received(self):
        return [Got(one.offset, one.data) for one in stored(self.server, self._topic)]


class TestKafka(SinkContract):
    @pytest.fixture(params=MODES.values(), ids=MODES)
    def destination(self, request, kafka, tmp_path):
        return KafkaDestination(kafka, tmp_path.name, request.param)
