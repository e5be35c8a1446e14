"""Whatever is killed (-9) while events flow over a bridge, nothing is lost.

From RabbitMQ to Kafka, and the other way round.
"""

import json
import random

import pika
import pytest
from confluent_kafka import Producer

from tests.buses.amqp_queue import QueueReader, channel
from tests.buses.kafka_reader import records
from tests.consumers.bridge_process import BridgeProcess, Flow
from tests.consumers.conftest import make_event

PERSISTENT = pika.BasicProperties(delivery_mode=2)
EVENTS = 300  # of each node, in a turn


@pytest.fixture
def queue(settled_queues):
    """A queue that keeps what it has confirmed, whenever its node is killed."""
    return settled_queues["quorum"]


@pytest.fixture
def topic(kafka, request):
    """A topic of three partitions, for this test alone."""
    name = request.node.name
    kafka.create(name, 3, message_timestamp_type="LogAppendTime")
    return name


@pytest.fixture
def bridging(tmp_path):
    """A function: a bridge from the URL of a source to that of a sink."""
    made = []

    def make(*words):
        made.append(BridgeProcess(*words[:2], tmp_path / "state", *words[2:]))
        return made[-1]

    yield make
    for one in made:
        if one.is_running:
            one.kill()


def test_nothing_is_lost_from_rabbitmq_to_kafka(rabbitmq, kafka, queue, topic, bridging):
    def send(events):
        with channel(rabbitmq.port) as one:
            one.confirm_delivery()
            for event in events:
                one.basic_publish("", queue, json.dumps(event), PERSISTENT, mandatory=True)

    def arrived():
        return [json.loads(record.value()) for record in records(kafka, topic)]

    flow = Flow(make_event, send, arrived, random.Random(1))
    bridge = bridging(f"{rabbitmq.url}/{queue}", f"{kafka.url}/{topic}")
    kill_each(flow, bridge, kafka, (bridge, rabbitmq, bridge, kafka))


def test_nothing_is_lost_from_kafka_to_rabbitmq(rabbitmq, kafka, queue, topic, bridging):
    reader = QueueReader(queue, "quorum")

    def send(events):
        producer = Producer({"bootstrap.servers": kafka.servers, "acks": "all"})
        for event in events:
            producer.produce(topic, json.dumps(event), event["id"].partition(":")[0])
        assert producer.flush(60) == 0

    flow = Flow(make_event, send, lambda: reader.events(rabbitmq.port), random.Random(1))
    to_queue = ("--sink-option", f"queue={queue}", "--start", "beginning")
    bridge = bridging(f"{kafka.url}/{topic}", rabbitmq.url, *to_queue)
    kill_each(flow, bridge, rabbitmq, (bridge, kafka, bridge, rabbitmq))


def kill_each(flow, bridge, target, victims):
    """Let the target hold back a feed, then kill a victim in the middle of it, in turn."""
    for victim in victims:
        target.pause()
        flow.feed(EVENTS)
        target.resume()
        flow.kill_while_it_flows(victim, 0.3)
    flow.feed(1)
    flow.check()
    code, counts = bridge.finish()
    assert (code, counts["dead"]) == (0, 0)
