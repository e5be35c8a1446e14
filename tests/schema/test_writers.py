"""What the agent writes, with every field that it may have, keeps its contract and older ones."""

import ast
import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from edge_agent.clock import Moment
from edge_agent.deliver.envelope import Envelope
from edge_agent.evaluate.commands.rate import AT_ONCE, CALM, CommandRate
from edge_agent.evaluate.refine.aggregates import Aggregator
from edge_agent.events import Alert, Event, LoggedEvent, Reading, Replayed, Switched, gap
from edge_agent.schema.cloud_event import CloudEvent
from edge_agent.schema.events import DATA, AlertV1, LifecycleV1
from edge_agent.store.thinning import thin
from tests.schema.samples import RELEASED
from tests.schema.strict import problems_of

MOMENT = Moment(1_800_000_000_000_000, 5_000_000, trusted=True)
VALUES = {"temperature": 21.5}
RELEASED_EVENTS = [path for path in RELEASED if path.stem == "cloudevent"]


def minute_later():
    return MOMENT._replace(time=MOMENT.time + 60_000_000, uptime=MOMENT.uptime + 60_000_000)


def aggregated():
    """Aggregates: one that is partial, and one that is late as well and misses a reading."""
    aggregator = Aggregator("air", [60])
    for values in (VALUES, VALUES, {}):
        aggregator.add(Reading("air", MOMENT, values))
        if values:
            yield from aggregator.flush()
    aggregator.add(Reading("air", MOMENT, VALUES))
    yield from aggregator.expire(minute_later())


def thinned():
    """What a minute of logged readings becomes, with and without values."""
    for values in (VALUES, {}):
        data = json.dumps({"values": values, "quality": "good"})
        readings = [logged(Event("reading", "air", MOMENT, {}), n, data=data) for n in range(50)]
        for time, _, _, kind, source, text in thin(readings, 0, more=True).aggregates:
            yield Event(kind, source, MOMENT._replace(time=time), json.loads(text))


def flood():
    rate = CommandRate()
    for _ in range(AT_ONCE + 1):
        rate.refuse(MOMENT)
    return rate.report(MOMENT._replace(uptime=MOMENT.uptime + CALM))


def written():
    yield Reading("air", MOMENT, VALUES).event()
    yield Reading("air", MOMENT, {}, "step", "it jumped", {"temperature": "step"}, 3).event()
    yield from aggregated()
    yield from thinned()
    for state in msgspec.json.schema(AlertV1)["$defs"]["AlertV1"]["properties"]["state"]["enum"]:
        yield Alert("hot", state, MOMENT, "info", VALUES).event()
        yield Alert("hot", state, MOMENT, "critical", {}, "hot", 2, True, True).event()
    yield Switched("fan", 0.5, "hot", MOMENT).event()
    yield Switched("fan", 1.0, "safe", MOMENT, "it does not answer").event()
    yield from flood()
    yield gap(MOMENT, "disk_full", [], 7)
    yield gap(MOMENT, "damaged", [(1, 2**63 - 1)], 7, log="a1b2")


def logged(event, offset=1, boot=None, data=""):
    uptime = None if boot is None else event.moment.uptime
    text = data or msgspec.json.encode(event.data).decode()
    return LoggedEvent(offset, event.moment.time, boot, uptime, event.kind, event.source, text)


def delivered(event):
    return json.loads(Envelope("greenhouse", "a1b2").encode(event))


EVENTS = [logged(event, boot=boot) for event in written() for boot in (None, 3)]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_what_is_written_has_nothing_that_is_not_in_the_contract(event):
    assert problems_of(delivered(event)) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
@pytest.mark.parametrize("release", RELEASED_EVENTS, ids=lambda path: path.parts[-3])
def test_every_older_schema_accepts_what_is_written(event, release):
    schema = json.loads(release.read_text())
    assert list(Draft202012Validator(schema).iter_errors(delivered(event))) == []


def test_every_attribute_and_every_field_of_data_is_written_by_these_tests():
    """A field that is never written is no part of a contract; notes and commands come below."""
    events = [delivered(event) for event in EVENTS]
    events.append(delivered(Replayed(*EVENTS[0])))
    unknown_to_json = {"dataschema"}  # for destinations with a registry
    attributes = {field.encode_name for field in msgspec.structs.fields(CloudEvent)}
    assert attributes - unknown_to_json == {name for event in events for name in event}
    for kind in DATA.keys() - {"command", "lifecycle"}:
        fields = {field.encode_name for field in msgspec.structs.fields(DATA[kind][1])}
        found = [event["data"] for event in events if event["type"] == f"edge.{kind}.v1"]
        assert fields == {name for data in found for name in data}


def notes(root):
    """Yield what each note in the code says: its name, None for a variable, and its details."""
    for path in sorted(Path(root / "edge_agent").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "lifecycle":
                what = call.args[1]
                named = what.value if isinstance(what, ast.Constant) else None
                yield named, {one.arg for one in call.keywords}


def test_every_note_in_the_code_is_in_the_contract_with_its_details(root):
    found = list(notes(root))
    fields = {field.name: field for field in msgspec.structs.fields(LifecycleV1)}
    details = set().union(*(more for _, more in found))
    assert {"what", *details} == set(fields)
    about = json.dumps(msgspec.json.schema(LifecycleV1))
    names = {what for what, _ in found if what}
    assert names
    assert {what for what in names if f"`{what}`" not in about} == set()
