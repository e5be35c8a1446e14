"""Schemas in a real registry, and a reader that nobody here wrote."""

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from edge_agent.deliver.encoding.encoder import event_encoder, reach_registry
from edge_agent.deliver.encoding.options import EncodingOptions
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import SinkUnavailable
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.schema.avro import record_schema, written
from tests.buses.readers import environment
from tests.buses.servers.apicurio import Apicurio

EVENTS = [
    LoggedEvent(1, 1_764_240_000_123_457, None, None, "output", "fan", '{"value":1,"by":"safe"}'),
    LoggedEvent(
        2,
        1_764_240_001_000_000,
        3,
        55,
        "reading",
        "air",
        '{"values":{"t":21.375},"quality":"good"}',
    ),
    LoggedEvent(
        3,
        1_764_240_002_000_000,
        None,
        None,
        "gap",
        "log",
        '{"reason":"max_size","count":2,"ranges":[[4,5]]}',
    ),
]
NAMINGS = ["topic", "record"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    server = Apicurio(tmp_path_factory.mktemp("apicurio")).start()
    yield server
    server.stop()


CONTEXT = SinkContext.apart("n", "log")


def encoder(registry, topic, subject="topic"):
    options = EncodingOptions(format="avro", registry=registry.url, subject=subject)
    return event_encoder(options, CONTEXT, "bus", lambda _: topic)


def ask(registry, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(registry.url + path, data)  # a body makes it a POST
    request.add_header("Content-Type", "application/vnd.schemaregistry.v1+json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def register(registry, subject, schema):
    return ask(registry, f"/subjects/{subject}/versions", {"schema": json.dumps(schema)})["id"]


def read_by_confluent(registry, topic, messages):
    python = environment("confluent", "confluent-kafka[avro,schemaregistry]==2.16.1")
    program = Path(__file__).parent / "readers/confluent_avro.py"
    done = subprocess.run(
        [str(python), str(program), registry.url, topic],
        input=json.dumps([message.hex() for message in messages]),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("naming", NAMINGS)
def test_confluents_deserializer_reads_what_an_encoder_writes(registry, naming):
    sent = encoder(registry, f"read.{naming}", naming)
    sent.open()
    found = read_by_confluent(registry, f"read.{naming}", [sent.encode(event) for event in EVENTS])
    assert [event["id"] for event in found] == ["log:1", "log:2", "log:3"]
    assert [event["type"] for event in found] == [
        "edge.output.v1",
        "edge.reading.v1",
        "edge.gap.v1",
    ]
    assert found[0]["time"] == "2025-11-27 10:40:00.123457+00:00"
    assert found[1]["data"]["values"] == {"t": 21.375}
    assert (found[1]["clock"], found[1]["bootid"], found[1]["uptime"]) == (
        "unsynchronised",
        3,
        "55",
    )
    assert found[2]["data"]["ranges"] == [[4, 5]]


def test_every_kind_is_registered(registry):
    encoder(registry, "kinds", "record").open()
    registered = set(ask(registry, "/subjects"))
    assert {f"edge.{kind.capitalize()}EventV1" for kind in KINDS} <= registered


def test_a_second_start_finds_the_same_ids(registry):
    first, second = encoder(registry, "twice"), encoder(registry, "twice")
    first.open()
    second.open()
    assert first.encode(EVENTS[0]) == second.encode(EVENTS[0])
    assert ask(registry, "/subjects/twice-value/versions") == [1]


def older(kind):
    """The schema of an older agent, whose output had no `error` yet."""
    schema = record_schema(written(kind))
    data = next(field for field in schema["fields"] if field["name"] == "data")
    data["type"]["fields"] = [one for one in data["type"]["fields"] if one["name"] != "error"]
    return schema


def incompatible(kind):
    """A schema with a field that our events do not have, and no default."""
    schema = record_schema(written(kind))
    data = next(field for field in schema["fields"] if field["name"] == "data")
    data["type"]["fields"] = [{**one, "type": "string"} for one in data["type"]["fields"]]
    return schema


def test_a_schema_that_only_adds_is_registered_beside_the_older_one(registry):
    register(registry, "adds.output-value", older("output"))
    options = EncodingOptions(format="avro", registry=registry.url)
    event_encoder(options, CONTEXT, "bus", lambda kind: f"adds.{kind}").open()
    assert ask(registry, "/subjects/adds.output-value/versions") == [1, 2]


def test_a_breaking_schema_is_refused_and_not_registered(registry):
    register(registry, "breaks.output-value", incompatible("output"))
    options = EncodingOptions(format="avro", registry=registry.url)
    topic_of = "breaks.{}".format
    found = event_encoder(options, CONTEXT, "bus", topic_of)
    with pytest.raises(SinkUnavailable, match=r"breaks\.output-value.*choose another topic"):
        found.open()
    (problem,) = reach_registry(options, topic_of)
    assert "breaks.output-value" in problem.what
    assert ask(registry, "/subjects/breaks.output-value/versions") == [1]


def test_the_registry_itself_compares_what_others_register_later(registry):
    encoder(registry, "guarded").open()
    with pytest.raises(urllib.error.HTTPError) as refused:
        register(registry, "guarded-value", incompatible("output"))
    with refused.value:
        assert refused.value.code == 409


def test_events_wait_while_the_registry_is_away_and_go_out_by_known_ids(registry):
    known, late = encoder(registry, "outage"), encoder(registry, "outage")
    known.open()
    registry.kill()
    assert known.encode(EVENTS[0])[:1] == b"\0"
    with pytest.raises(SinkUnavailable, match="nothing listens on this port"):
        late.open()
    with pytest.raises(SinkUnavailable, match="not registered yet"):
        late.encode(EVENTS[0])
    registry.start()
    late.open()
    (found,) = read_by_confluent(registry, "outage", [late.encode(EVENTS[0])])
    assert found["data"]["by"] == "safe"
