"""Avro in a real Kafka, with a real registry, read by Confluent's own deserializer."""

import pytest

from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.kafka.sink_type import KAFKA
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent
from tests.buses.kafka_reader import records
from tests.buses.servers.apicurio import Apicurio
from tests.buses.test_registry import read_by_confluent

GOOD = '{"values":{"temperature":21.375},"quality":"good"}'


CONTEXT = SinkContext.apart("n", "log")


def reading(offset, data=GOOD):
    return LoggedEvent(offset, 1_764_240_000_123_457, None, None, "reading", "air", data)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    server = Apicurio(tmp_path_factory.mktemp("apicurio")).start()
    yield server
    server.stop()


@pytest.fixture
def topic(kafka, tmp_path):
    kafka.create(tmp_path.name)
    return tmp_path.name


def obstacles(plan):
    """What stands between the sink and the registry; the clock may not be trusted here."""
    return [problem for problem in KAFKA.reach(plan, "n") if problem.key == "registry"]


def plan(kafka, topic, registry):
    options = KafkaOptions(format="avro", registry=registry.url)
    return SinkPlan("kafka", (f"{kafka.url}/{topic}",), options)


def test_what_a_sink_sends_is_read_by_confluents_deserializer(kafka, topic, registry):
    sink = KAFKA.build(plan(kafka, topic, registry), CONTEXT)
    sink.open()
    assert sink.deliver([reading(n) for n in range(1, 101)]) == 100
    sink.close()
    found = records(kafka, topic)
    events = read_by_confluent(registry, topic, [one.value() for one in found])
    assert [event["id"] for event in events] == [f"log:{n}" for n in range(1, 101)]
    assert {event["data"]["values"]["temperature"] for event in events} == {21.375}


def test_an_event_that_fits_no_schema_is_refused_and_the_next_ones_pass(kafka, topic, registry):
    sink = KAFKA.build(plan(kafka, topic, registry), CONTEXT)
    sink.open()
    batch = [reading(1), reading(2, '{"values":{}}'), reading(3)]
    with pytest.raises(EventRejected, match="does not fit the schema") as refused:
        sink.deliver(batch)
    assert (refused.value.settled, refused.value.refused.keys()) == (2, {2})
    assert sink.deliver(batch[2:]) == 1
    sink.close()
    assert len(records(kafka, topic)) == 2


def test_a_sink_waits_for_its_registry_and_the_doctor_says_so(kafka, topic, registry):
    made = plan(kafka, topic, registry)
    assert obstacles(made) == []
    registry.kill()
    sink = KAFKA.build(made, CONTEXT)
    with pytest.raises(SinkUnavailable, match="nothing listens on this port"):
        sink.open()
    (problem,) = obstacles(made)
    assert "nothing listens on this port" in problem.what
    registry.start()
    sink.open()
    assert sink.deliver([reading(1)]) == 1
    sink.close()
