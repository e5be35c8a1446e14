"""What breaks a contract is named in plain English, whatever it is, and never ends a program."""

import json
import runpy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edge_agent.schema.cloud_event import EventType
from edge_agent.schema.json_schema import event_schema
from edge_agent.schema.validation import InvalidEvent, validate
from tests.schema.samples import HERE

GOOD = json.loads((HERE / "golden/v1/reading.good.json").read_text())
ALERT = json.loads((HERE / "golden/v1/alert.firing.json").read_text())
GAP = json.loads((HERE / "golden/v1/gap.thinned.json").read_text())
SCHEMA = Draft202012Validator(event_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def having(event, **data):
    return {**event, "data": {**event["data"], **data}}


def without(event, name):
    return {key: value for key, value in event.items() if key != name}


BROKEN = [
    (None, "not an object"),
    ([GOOD], "not an object"),
    (without(GOOD, "id"), "`id` is missing"),
    (without(GOOD, "data"), "`data` is missing"),
    ({**GOOD, "id": 7}, "id: expected a text, got a whole number"),
    ({**GOOD, "specversion": "0.3"}, "specversion: '0.3' is not one of the known ones"),
    ({**GOOD, "data": []}, "edge.reading.v1: data: expected an object, got a list"),
    (having(GOOD, quality=None), "edge.reading.v1: data.quality: expected a text, got nothing"),
    (
        having(GOOD, values={"t": "warm"}),
        "edge.reading.v1: data.values[…]: expected a number, got a text",
    ),
    (
        having(ALERT, state="angry"),
        "edge.alert.v1: data.state: 'angry' is not one of the known ones",
    ),
    (having(GAP, count=-1), "edge.gap.v1: data.count: expected a whole number >= 0"),
    (
        having(GAP, ranges=[[1]]),
        "edge.gap.v1: data.ranges[0]: expected a list of length 2, got 1",
    ),
]


@pytest.mark.parametrize(("event", "problem"), BROKEN, ids=[problem for _, problem in BROKEN])
def test_a_broken_event_is_invalid_and_the_problem_says_where(event, problem):
    with pytest.raises(InvalidEvent) as found:
        validate(event)
    assert str(found.value) == problem
    assert not SCHEMA.is_valid(event)


@pytest.mark.parametrize("type_", ["reading", "edge.reading", "edge.reading.v0", "edge.reading.1"])
def test_a_type_without_a_version_is_invalid(type_):
    with pytest.raises(InvalidEvent, match=r"^type: expected a text matching"):
        validate({**GOOD, "type": type_})
    with pytest.raises(ValueError, match=r"the type is not edge\.<kind>"):
        EventType.parse(type_)


# JSON Schema takes 1.0 for an integer; no encoder writes one as that.
fractions = st.floats(allow_nan=False).filter(lambda number: not number.is_integer())
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | fractions | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
names = st.sampled_from([*GOOD, "clock", "bootid", "uptime"])


@given(names, anything)
def test_the_struct_and_the_json_schema_are_of_one_mind_about_attributes(name, value):
    event = {**GOOD, name: value}
    if name == "time":  # a checker of dates is an extra of jsonschema
        event["time"] = GOOD["time"] if isinstance(value, str) else value
    assert is_valid(event) == SCHEMA.is_valid(event)


@given(st.sampled_from(["values", "quality", "detail", "refused", "missed", "new"]), anything)
def test_the_struct_and_the_json_schema_are_of_one_mind_about_data(name, value):
    event = having(GOOD, **{name: value})
    assert is_valid(event) == SCHEMA.is_valid(event)


def is_valid(event):
    try:
        validate(event)
    except InvalidEvent:
        return False
    return True


def test_the_committed_schemas_are_those_of_the_code(root):
    files = runpy.run_path(str(root / "docs/reference.py"))["schema_files"]()
    written = {path: path.read_text() for path in (root / "docs/schemas").rglob("*.*")}
    assert written == files, "run `make docs`"
