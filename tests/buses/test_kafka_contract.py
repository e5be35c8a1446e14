"""The contract of every sink, with a real Kafka as the destination."""

import json

import pytest
from confluent_kafka import Consumer, TopicPartition

from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import Destination, Got, SinkContract
from tests.buses.servers.kafka import Kafka

MODES = {"structured": {}, "binary": {"content": "binary"}, "zstd": {"compression": "zstd"}}


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    server = Kafka(tmp_path_factory.mktemp("kafka")).start()
    yield server
    server.stop()


class KafkaDestination(Destination):
    """A topic of a real cluster, with one partition, so that all events have one order."""

    largest = 1_100_000

    def __init__(self, kafka, topic, options):
        self._kafka = kafka
        self._topic = topic
        self._options = KafkaOptions(**options)
        kafka.create(topic)

    def plan(self):
        return SinkPlan("kafka", (f"{self._kafka.url}/{self._topic}",), self._options)

    def received(self):
        return [got(record) for record in records(self._kafka, self._topic)]

    def stop(self):
        self._kafka.kill()

    def start(self):
        self._kafka.start()

    def silence(self):
        self._kafka.pause()

    def speak(self):
        self._kafka.resume()


def records(kafka, topic, partitions=1):
    """Return everything that a topic holds, read by a consumer of its own."""
    consumer = Consumer({"bootstrap.servers": kafka.servers, "group.id": "reader", "log_level": 0})
    try:
        found = []
        for partition in range(partitions):
            one = TopicPartition(topic, partition)
            low, high = consumer.get_watermark_offsets(one, timeout=60)
            consumer.assign([TopicPartition(topic, partition, low)])
            held = []
            while len(held) < high - low:
                held += [one for one in consumer.consume(1000, 1.0) if not one.error()]
            found += held
        return found
    finally:
        consumer.close()


def got(record):
    headers = dict(record.headers())
    if "ce_id" in headers:
        return Got(int(headers["ce_id"].decode().split(":")[1]), json.loads(record.value()))
    event = json.loads(record.value())
    return Got(int(event["id"].split(":")[1]), event["data"])


class TestKafka(SinkContract):
    @pytest.fixture(params=MODES.values(), ids=MODES)
    def destination(self, request, kafka, tmp_path):
        return KafkaDestination(kafka, tmp_path.name, request.param)
