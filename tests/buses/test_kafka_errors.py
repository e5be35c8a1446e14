"""Errors that a healthy cluster never gives, from a Kafka that gives them on request."""

import threading

import pytest

from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing.destination import build_sink, deliver_all, logged
from tests.buses.kafka_reader import first_arrivals, stored
from tests.buses.servers.kfake import FaultyKafka

ERRORS = {
    "NOT_ENOUGH_REPLICAS": 19,
    "NOT_ENOUGH_REPLICAS_AFTER_APPEND": 20,
    "NOT_LEADER_OR_FOLLOWER": 6,
    "REQUEST_TIMED_OUT": 7,
    "OUT_OF_ORDER_SEQUENCE_NUMBER": 45,
    "UNKNOWN_PRODUCER_ID": 59,
    "INVALID_PRODUCER_EPOCH": 47,
    "KAFKA_STORAGE_ERROR": 56,
    "TOPIC_AUTHORIZATION_FAILED": 29,
    "UNKNOWN_SERVER_ERROR": -1,
}
INVALID_RECORD = 87


@pytest.fixture
def faulty():
    made = []

    def make(error, **more):
        made.append(FaultyKafka(error, **more).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def sink_of():
    made = []

    def make(server):
        plan = SinkPlan("bus", (server.url,), KafkaOptions())
        made.append(build_sink(plan, threading.Event()))
        made[-1].open()
        return made[-1]

    yield make
    for one in made:
        one.close()


def events(count):
    return [logged("reading", n, {"values": {"n": n}}) for n in range(1, count + 1)]


@pytest.mark.parametrize("name", ERRORS)
def test_after_an_error_that_passes_everything_arrives_in_order(faulty, sink_of, name):
    server = faulty(ERRORS[name], after=1, times=3)
    batch = events(300)
    sink = sink_of(server)
    assert deliver_all(sink, batch[:100]) == {}
    assert deliver_all(sink, batch[100:]) == {}
    assert first_arrivals(stored(server, server.topic)) == list(range(1, 301))


def test_a_record_that_the_cluster_calls_invalid_in_a_batch_is_not_refused_if_it_passes_alone(
    faulty, sink_of
):
    server = faulty(INVALID_RECORD, times=1)
    assert deliver_all(sink_of(server), events(50)) == {}
    assert first_arrivals(stored(server, server.topic)) == list(range(1, 51))


def test_a_record_that_the_cluster_calls_invalid_alone_is_refused_and_the_others_pass(
    faulty, sink_of
):
    server = faulty(INVALID_RECORD, times=2)
    assert deliver_all(sink_of(server), events(50)) == {
        1: "the topic takes no such record: INVALID_RECORD"
    }
    assert first_arrivals(stored(server, server.topic)) == list(range(2, 51))
