"""The contract of sinks over a real RabbitMQ, with every type of queue."""

import itertools

import pytest
from lab.destinations import ServerDestination

from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import Got, SinkContract
from tests.buses.amqp_queue import QueueReader, channel, exists, offset
from tests.buses.servers.rabbitmq import LARGEST_MESSAGE

NUMBERS = itertools.count(1)


class RabbitDestination(ServerDestination):
    """A queue on a node that all tests share."""

    largest = LARGEST_MESSAGE

    def __init__(self, node, queue, queue_type):
        super().__init__(node)
        self._queue = queue
        self._type = queue_type
        self._reader = QueueReader(self._queue, queue_type)

    def plan(self):
        options = AmqpOptions(queue=self._queue, queue_type=self._type)
        return SinkPlan("rabbit", (self.server.url,), options)

    def received(self):
        if self._type == "stream" and not exists(self.server.port, self._queue):
            return []
        return [
            Got(offset(event), event["data"]) for event in self._reader.events(self.server.port)
        ]


class TestAmqp(SinkContract):
    @pytest.fixture(params=["quorum", "classic", "stream"])
    def destination(self, request, rabbitmq, settled_queues):
        queue_type = request.param
        if queue_type == "stream":  # nothing is ever taken out of one
            return RabbitDestination(rabbitmq, f"contract-{next(NUMBERS)}", queue_type)
        with channel(rabbitmq.port) as one:
            one.queue_purge(settled_queues[queue_type])
        return RabbitDestination(rabbitmq, settled_queues[queue_type], queue_type)
