"""A topic of a real Kafka, as a test of a source uses it."""

from confluent_kafka import Producer

from consumers.source import SourcePlan
from edge_agent.testing import Origin

PARTITIONS = 4


def produce(kafka, topic, records, **more):
    """Produce pairs of key and value, until the cluster has them."""
    producer = Producer({"bootstrap.servers": kafka.servers, "acks": "all", "log_level": 0})
    for key, value in records:
        producer.produce(topic, value, key=key, **more)
    assert producer.flush(120) == 0


class KafkaOrigin(Origin):
    """A topic of its own with several partitions; a node has one of them."""

    window = 5_000
    largest = 900_000

    def __init__(self, kafka, topic):
        self.kafka = kafka
        self.topic = topic
        kafka.create(topic, PARTITIONS)

    def plan(self, group, member="", nodes=()):
        url = f"{self.kafka.url}/{self.topic}"
        own = f"{self.topic}-{group}"
        return SourcePlan(url=url, nodes=nodes, group=own, member=member, start="beginning")

    def publish(self, messages):
        produce(self.kafka, self.topic, [(one.node, one.payload) for one in messages])

    def stop(self):
        self.kafka.kill()

    def start(self):
        self.kafka.start()
