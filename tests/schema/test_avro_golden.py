"""Avro of every age: each released schema reads today's events, and today's schema older ones."""

import io
import json
import tomllib

import fastavro
import pytest

from edge_agent.deliver.encoding.avro import AvroEncoder
from edge_agent.deliver.envelope import Envelope
from edge_agent.events import LoggedEvent
from edge_agent.schema.avro import record_schema, written
from edge_agent.schema.cloud_event import EventType
from edge_agent.schema.json_schema import name, types
from tests.schema.samples import HERE, SAMPLES

RELEASED = sorted(HERE.glob("released/*/avro/*.avsc"))
HEADER = 10  # bytes of single-object encoding
JSON_FIELDS = ("arguments", "result")  # what has no type of its own is JSON
ENVELOPE = Envelope("greenhouse", "log")


def logged(sample):
    kind = EventType.parse(sample["type"]).kind
    data = json.dumps(sample["data"])
    return LoggedEvent(7, 1_764_240_000_123_457, None, None, kind, sample["subject"], data)


def encoded(event):
    encoder = AvroEncoder(ENVELOPE)
    encoder.open()
    return encoder.encode(event)[HEADER:]


def data_of(body, writer, reader=None):
    """What fastavro reads with one schema of what was written with another."""
    data = fastavro.schemaless_reader(io.BytesIO(body), writer, reader)["data"]
    for field in JSON_FIELDS:
        if field in data:
            data[field] = {key: json.loads(text) for key, text in data[field].items()}
    return data


def older_bodies(schema, samples):
    """What an agent with an older schema would have written of the samples."""
    bodies = {}
    for path in samples:
        sample = json.loads(path.read_text())
        record = fastavro.schemaless_reader(
            io.BytesIO(encoded(logged(sample))), record_schema(EventType.parse(sample["type"]))
        )
        file = io.BytesIO()
        fastavro.schemaless_writer(file, schema, record)
        bodies[path] = file.getvalue()
    return bodies


def samples_of(released):
    kind, version = released.stem.split(".")
    return [path for path in SAMPLES if path.match(f"{version}/{kind}.*.json")]


def test_every_sample_survives_avro_exactly(sample):
    schema = record_schema(EventType.parse(sample["type"]))
    found = data_of(encoded(logged(sample)), schema)
    assert found | sample["data"] == found


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_every_older_schema_reads_what_is_written_today(path):
    older = json.loads(path.read_text())
    for sample in (json.loads(one.read_text()) for one in samples_of(path)):
        newest = record_schema(EventType.parse(sample["type"]))
        found = data_of(encoded(logged(sample)), newest, older)
        common = found.keys() & sample["data"].keys()
        assert {key: found[key] for key in common} == {key: sample["data"][key] for key in common}
    assert samples_of(path)


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_todays_schema_reads_what_every_older_one_has_written(path):
    older = json.loads(path.read_text())
    for one, body in older_bodies(older, samples_of(path)).items():
        sample = json.loads(one.read_text())
        newest = record_schema(EventType.parse(sample["type"]))
        found, then = data_of(body, older, newest), data_of(body, older)
        assert {key: found[key] for key in then} == then
        assert not any(found[added] for added in found.keys() - then.keys())  # defaults


def without_default(fields):
    return [*fields, {"name": "unit", "type": "string"}]


def with_another_type(fields):
    return [{**one, "type": "string"} if one["name"] == "value" else one for one in fields]


@pytest.mark.parametrize("change", [without_default, with_another_type])
def test_a_breaking_change_of_a_schema_is_caught(change):
    (path,) = [one for one in RELEASED if one.match("0.1.0/avro/output.v1.avsc")]
    broken = record_schema(written("output"))
    (data,) = [one["type"] for one in broken["fields"] if one["name"] == "data"]
    data["fields"] = change(data["fields"])
    older = json.loads(path.read_text())
    body = next(iter(older_bodies(older, samples_of(path)).values()))
    with pytest.raises(fastavro.read.SchemaResolutionError):
        data_of(body, older, broken)


def test_the_avro_schemas_of_this_version_are_kept_for_ever(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    kept = {path.stem for path in RELEASED if path.match(f"{version}/avro/*.avsc")}
    how = f"cp -r docs/schemas/json docs/schemas/avro tests/schema/released/{version}/"
    assert kept == {name(type_) for type_ in types()}, how
