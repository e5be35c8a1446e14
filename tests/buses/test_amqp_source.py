"""The contract of sources over a real RabbitMQ, with every type of queue."""

import itertools
from functools import partial

import pika
import pytest
from lab.waiting import eventually

from consumers.source import SourcePlan
from edge_agent.testing import Origin, SourceContract
from tests.buses.amqp_queue import channel
from tests.buses.servers.rabbitmq import LARGEST_MESSAGE

NUMBERS = itertools.count(1)
PERSISTENT = pika.BasicProperties(delivery_mode=2)
ALONE = "a stream gives everything to everybody: nothing can be shared"


class RabbitOrigin(Origin):
    """A queue or stream on a node that all tests share."""

    largest = LARGEST_MESSAGE - 1000

    def __init__(self, node, queue, queue_type, state):
        self._node, self._queue, self._state = node, queue, state
        with channel(node.port) as one:
            one.queue_declare(queue, durable=True, arguments={"x-queue-type": queue_type})

    def plan(self, group, member="", nodes=()):
        return SourcePlan(
            url=f"{self._node.url}/{self._queue}",
            nodes=nodes,
            group=group,
            member=member,
            start="beginning",
            state=str(self._state),
        )

    def publish(self, messages):
        with channel(self._node.port) as one:
            one.confirm_delivery()
            for message in messages:
                eventually(partial(self._publish, one, message))

    def _publish(self, one, message):
        """Return whether the broker has stored a message: a stream takes a moment after a start."""
        try:
            one.basic_publish("", self._queue, message.payload, PERSISTENT, mandatory=True)
        except pika.exceptions.UnroutableError:
            return False
        return True

    def stop(self):
        self._node.settle()
        self._node.kill()

    def start(self):
        self._node.start()


class TestAmqpQueue(SourceContract):
    @pytest.fixture(params=["quorum", "classic"])
    def origin(self, request, rabbitmq, settled_queues, tmp_path):
        queue = settled_queues[request.param]
        with channel(rabbitmq.port) as one:
            one.queue_purge(queue)
        return RabbitOrigin(rabbitmq, queue, request.param, tmp_path)


class TestAmqpStream(SourceContract):
    blind = {
        "test_two_members_share_and_together_see_all": ALONE,
        "test_what_a_member_has_not_acknowledged_arrives_again": ALONE,
    }

    @pytest.fixture
    def origin(self, rabbitmq, settled_queues, tmp_path):
        return RabbitOrigin(rabbitmq, f"source-{next(NUMBERS)}", "stream", tmp_path)
