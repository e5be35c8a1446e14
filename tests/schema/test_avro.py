"""The Avro schemas of the events: every value survives, and no committed schema breaks."""

import io
import json

import fastavro
import msgspec
import pytest

from edge_agent.deliver.encoding.avro import SINGLE_OBJECT, AvroEncoder
from edge_agent.deliver.envelope import Envelope
from edge_agent.errors import UnfitEvent
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.schema.avro import record_schema, union_schema, written
from edge_agent.schema.cloud_event import WRITTEN
from edge_agent.schema.events import DATA

SUMMARY = {"count": 3, "min": -1.5, "mean": 0.1, "max": 2.75, "last": 5e-324}
SAMPLES = {
    "reading": {
        "values": {"temperature": 21.375, "humidity": 1 / 3},
        "quality": "out_of_range",
        "detail": "too warm: 99 °C",
        "refused": {"pressure": "step"},
        "missed": 2**53 + 1,
    },
    "aggregate": {
        "seconds": 900,
        "values": {"temperature": SUMMARY},
        "partial": True,
        "late": True,
        "missing": 2,
        "thinned": True,
    },
    "alert": {
        "state": "firing",
        "severity": "critical",
        "values": {"air.temperature": 30.0},
        "message": "30 °C",
        "repeat": 4,
        "acknowledged": True,
        "silenced": True,
    },
    "output": {"value": 0.25, "by": "too_warm", "error": "no acknowledge"},
    "command": {
        "state": "done",
        "id": "a1",
        "arguments": {"device": "air", "for": 1.5, "list": [1, None, "x"]},
        "result": {"values": {"temperature": 21.5}},
        "reason": "none",
        "count": 7,
    },
    "gap": {"reason": "max_size", "count": 2, "ranges": [[1, 2**62], [7, 7]], "log": "old"},
    "lifecycle": {
        "what": "started",
        "version": "1.2.3",
        "node": "greenhouse",
        "problems": ["a", "ü"],
        "repaired": 1,
        "seconds": -3600.25,
        "attempts": 2,
        "dropped": 3,
        "rows": 4,
        "set_aside": "/var/lib/edge-agent/x.db",
        "events": 5,
        "last_commit": "2027-01-15T08:00:41.000250Z",
        "missing": 6,
    },
}
TIME = 1_764_240_000_123_457
JSON_FIELDS = ("arguments", "result")  # what has no type of its own is JSON


def logged(kind, data, boot=None, uptime=None):
    return LoggedEvent(7, TIME, boot, uptime, kind, "air", json.dumps(data))


def encoder():
    found = AvroEncoder(Envelope("greenhouse", "log"))
    found.open()
    return found


def decoded(body, kind, reader=None):
    """What fastavro makes of a message in single-object encoding, as JSON has it."""
    schema = fastavro.parse_schema(record_schema(written(kind)))
    assert body[:2] == SINGLE_OBJECT
    event = fastavro.schemaless_reader(io.BytesIO(body[10:]), schema, reader)
    for name in JSON_FIELDS:
        if name in event["data"]:
            texts = event["data"][name].items()
            event["data"][name] = {key: json.loads(text) for key, text in texts}
    return event


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_has_every_field_of_its_kind(kind):
    fields = {one.encode_name for one in msgspec.structs.fields(DATA[kind][WRITTEN[kind]])}
    assert SAMPLES[kind].keys() == fields


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_an_event_survives_avro_exactly(kind):
    event = decoded(encoder().encode(logged(kind, SAMPLES[kind])), kind)
    assert event["data"] == SAMPLES[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_in_avro_has_the_attributes_that_it_has_in_json(kind):
    event = logged(kind, SAMPLES[kind], boot=3, uptime=55)
    found = decoded(encoder().encode(event), kind)
    envelope = json.loads(Envelope("greenhouse", "log").encode(event))
    assert round(found.pop("time").timestamp() * 1e6) == TIME
    found = {name: value for name, value in found.items() if value is not None}
    left_out = {"time": envelope["time"], "datacontenttype": "application/json"}
    assert {**found, **left_out, "data": None} == {**envelope, "data": None}


def test_attributes_that_an_event_lacks_are_null():
    event = decoded(encoder().encode(logged("output", SAMPLES["output"])), "output")
    assert (event["clock"], event["bootid"], event["uptime"]) == (None, None, None)


def test_optional_fields_that_data_lacks_have_their_defaults():
    event = decoded(encoder().encode(logged("output", {"value": 1, "by": "safe"})), "output")
    assert event["data"] == {"value": 1.0, "by": "safe", "error": ""}


def crc_64_avro(text):
    """The fingerprint as Avro's specification defines it, written a second time."""
    empty = fingerprint = 0xC15D213AA4D7A795
    for byte in text.encode():
        fingerprint ^= byte
        for _ in range(8):
            fingerprint = (fingerprint >> 1) ^ (empty if fingerprint & 1 else 0)
    return fingerprint.to_bytes(8, "little")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_begins_with_the_fingerprint_of_its_schema(kind):
    body = encoder().encode(logged(kind, SAMPLES[kind]))
    canonical = fastavro.schema.to_parsing_canonical_form(record_schema(written(kind)))
    assert body[:10] == b"\xc3\x01" + crc_64_avro(canonical)


@pytest.mark.parametrize(
    "data",
    [
        {"value": 2, "by": "too much"},
        {"value": "on", "by": "a text"},
        {"by": "no value"},
    ],
)
def test_an_event_that_does_not_fit_its_schema_is_refused_with_the_reason(data):
    with pytest.raises(UnfitEvent, match=r"does not fit the schema of edge\.output\.v1"):
        encoder().encode(logged("output", data))


def test_a_number_that_avro_cannot_hold_is_refused():
    data = {"reason": "x", "count": 2**63, "ranges": []}
    with pytest.raises(UnfitEvent):
        encoder().encode(logged("gap", data))


def test_an_event_of_an_unknown_kind_is_refused():
    with pytest.raises(UnfitEvent, match="no schema for events of the kind sound"):
        encoder().encode(logged("sound", {}))


def test_one_schema_holds_the_records_of_all_kinds():
    schema = fastavro.parse_schema(union_schema())
    assert [record["name"] for record in schema] == [
        f"edge.{kind.capitalize()}EventV1" for kind in KINDS
    ]
