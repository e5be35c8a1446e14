"""Brokers that slow the agent down, because it sends more than its quota."""

import threading

import pytest

from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import build_sink, logged
from tests.buses.kafka_reader import stored
from tests.buses.servers.kafka_tools import free_producers, limit_producers

RATE = 20_000  # bytes a second; Kafka lets a burst of ten seconds pass, then waits for longer
COUNT = 2000
PADDING = "x" * 100  # 700 kB in all


@pytest.fixture
def quota(kafka):
    limit_producers(kafka, RATE)
    yield
    free_producers(kafka)


@pytest.fixture
def sink(kafka, tmp_path):
    kafka.create(tmp_path.name)
    plan = SinkPlan("bus", (f"{kafka.url}/{tmp_path.name}",), KafkaOptions())
    sink = build_sink(plan, threading.Event())
    sink.open()
    yield sink
    sink.close()


def deliver_slowly(sink, batch):
    """Deliver a batch to its end; return what is said meanwhile."""
    said, pause = [], threading.Event()
    while batch:
        try:
            batch = batch[sink.deliver(batch[:1000]) :]
        except SinkUnavailable as error:
            said.append(str(error))
            pause.wait(0.5)  # as a forwarder does; the quota bounds the loop
    return said


@pytest.mark.usefixtures("quota")
def test_a_quota_is_named_and_nothing_is_lost_or_sent_twice(kafka, sink, tmp_path):
    data = [{"values": {"n": n}, "text": PADDING} for n in range(1, COUNT + 1)]
    said = deliver_slowly(sink, [logged("reading", n, each) for n, each in enumerate(data, 1)])
    assert said
    assert all("the cluster slows this user down" in one for one in said)
    assert [one.offset for one in stored(kafka, tmp_path.name)] == list(range(1, COUNT + 1))
