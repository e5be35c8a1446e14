"""Whatever is killed (-9) while events flow over a bridge, nothing is lost: RabbitMQ to Kafka."""

import json
import random

import pika
import pytest

from tests.buses.amqp_queue import channel
from tests.buses.kafka_reader import records
from tests.consumers.bridge_process import BridgeProcess, Flow
from tests.consumers.conftest import make_event

TOPIC = "bridged"
PERSISTENT = pika.BasicProperties(delivery_mode=2)
EVENTS = 300  # of each node, in a turn


@pytest.fixture
def queue(settled_queues):
    """A queue that keeps what it has confirmed, whenever its node is killed."""
    return settled_queues["quorum"]


@pytest.fixture
def bridge(rabbitmq, queue, kafka, tmp_path):
    kafka.create(TOPIC, 3, message_timestamp_type="LogAppendTime")
    target = f"{kafka.url}/{TOPIC}"
    one = BridgeProcess(f"{rabbitmq.url}/{queue}", target, tmp_path / "state")
    yield one
    if one.is_running:
        one.kill()


@pytest.fixture
def flow(rabbitmq, queue, kafka):
    def send(events):
        with channel(rabbitmq.port) as one:
            one.confirm_delivery()
            for event in events:
                one.basic_publish("", queue, json.dumps(event), PERSISTENT, mandatory=True)

    def arrived():
        return [json.loads(record.value()) for record in records(kafka, TOPIC)]

    return Flow(make_event, send, arrived, random.Random(1))


def test_nothing_is_lost_whatever_is_killed(rabbitmq, kafka, bridge, flow):
    for victim in (bridge, rabbitmq, bridge, kafka):
        kafka.pause()
        flow.feed(EVENTS)
        kafka.resume()
        flow.kill_while_it_flows(victim, 0.3)
    flow.feed(1)
    flow.check()
    code, counts = bridge.finish()
    assert (code, counts["dead"]) == (0, 0)
