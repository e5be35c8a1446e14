"""What was delivered once can be read for ever, and today's events by every older reader."""

import json
import tomllib
from hashlib import sha256

import msgspec
import pytest
from jsonschema import Draft202012Validator

from consumers.audit.audit import Audit
from consumers.decode import events_in
from edge_agent.events import KINDS, LoggedEvent, alert_of
from edge_agent.schema.cloud_event import WRITTEN, EventType
from edge_agent.schema.events import DATA
from edge_agent.schema.json_schema import event_schema, schemas
from edge_agent.schema.validation import validate
from tests.schema.samples import HERE, RELEASED, SAMPLES
from tests.schema.strict import problems_of

NEW_SAMPLE = "a sample is for ever: add another one, and its digest"


def samples_of(kind, version):
    return [path for path in SAMPLES if path.match(f"v{version}/{kind}.*.json")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_of_a_kind_has_samples(kind):
    assert {version for version in DATA[kind] if not samples_of(kind, version)} == set()


def test_no_sample_has_changed_since_it_was_added():
    kept = dict(
        line.split()[::-1] for line in (HERE / "golden/SHA256SUMS").read_text().splitlines()
    )
    found = {
        str(path.relative_to(HERE / "golden")): sha256(path.read_bytes()).hexdigest()
        for path in SAMPLES
    }
    assert found == kept, NEW_SAMPLE


def test_the_struct_of_its_version_reads_a_sample_whole(sample):
    found = validate(sample)
    read = msgspec.json.decode(msgspec.json.encode(found.data))  # with all defaults
    assert read | sample["data"] == read


def test_a_sample_has_no_field_that_is_not_in_the_contract(sample):
    assert problems_of(sample) == []


def taken(sample):
    """Return what a consumer gets of an event, as it was decoded."""
    return [event.decoded for event in events_in(json.dumps(sample).encode())]


def test_every_consumer_takes_a_sample(sample):
    assert taken(sample) == [sample]
    audit = Audit()
    audit.take(sample, 0.0)
    assert audit.report(0.0).unusable == {}


def test_the_agent_itself_reads_an_alert_of_any_age(sample):
    if EventType.parse(sample["type"]).kind == "alert":
        logged = LoggedEvent(1, 0, None, None, "alert", "hot", json.dumps(sample["data"]))
        assert alert_of(logged).state == sample["data"]["state"]


def test_a_consumer_ignores_what_a_newer_writer_has_added(sample):
    newer = {**sample, "colour": "red", "data": {**sample["data"], "colour": "red"}}
    assert taken(newer) == [newer]


@pytest.mark.parametrize("type_", ["edge.reading.v2", "edge.reading.v9999", "edge.weather.v1"])
def test_a_consumer_takes_a_type_that_it_does_not_know(type_):
    sample = json.loads(SAMPLES[0].read_text()) | {"type": type_, "data": {"anything": [None]}}
    assert taken(sample) == [sample]


def test_every_older_schema_accepts_every_sample_of_its_version(released, sample):
    title = released["title"]
    if title in {"CloudEvent", sample["type"]}:
        found = sample if title == "CloudEvent" else sample["data"]
        assert list(Draft202012Validator(released).iter_errors(found)) == []


def test_the_schemas_of_this_version_are_kept_for_ever(root):
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    kept = {path.stem for path in RELEASED if path.match(f"{version}/json/*.json")}
    how = f"cp -r docs/schemas/json docs/schemas/avro tests/schema/released/{version}/"
    assert kept == {name for name, _ in schemas()}, how


def test_what_is_written_is_the_newest_version_of_each_kind():
    assert {kind: max(found) for kind, found in DATA.items()} == dict(WRITTEN)
    assert tuple(DATA) == KINDS


def test_the_schema_of_an_event_is_one_itself():
    Draft202012Validator.check_schema(event_schema())
