"""A change within a version that breaks somebody's program is found before it is released."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from edge_agent.schema import json_schema, validation
from edge_agent.schema.cloud_event import EventType
from edge_agent.schema.compatibility import breaking_changes
from edge_agent.schema.events import DATA, ChannelSummaryV1
from edge_agent.schema.validation import validate_data

AGAIN = "leave it as it was, or write a new version beside this one"


def today(title):
    """Return the schema that the code has under a title."""
    return next((schema for _, schema in json_schema.schemas() if schema["title"] == title), None)


def test_no_release_is_broken_by_the_code_of_today(released):
    newer = today(released["title"])
    assert newer, f"{released['title']} is gone, and events of it may still arrive"
    assert breaking_changes(released, newer) == []


class Before(msgspec.Struct):
    """Some event's data."""

    state: Literal["on", "off"]
    value: Annotated[float, Meta(ge=0)]
    parts: dict[str, ChannelSummaryV1]
    notes: list[str] = []
    count: int = 0


REQUIRED = [
    ("state", Literal["on", "off"]),
    ("value", Annotated[float, Meta(ge=0)]),
    ("parts", dict[str, ChannelSummaryV1]),
]
OPTIONAL = [("notes", list[str], []), ("count", int, 0)]


def changed(*fields, without=()):
    """Return the schema of `Before` with other fields."""
    names = {field[0] for field in fields} | set(without)
    kept = [field for field in (*REQUIRED, *OPTIONAL) if field[0] not in names]
    ordered = sorted([*kept, *fields], key=lambda field: len(field) > 2)
    return schema_of(msgspec.defstruct("Before", ordered))


def schema_of(struct):
    return json_schema._schema(struct)


class OtherSummary(msgspec.Struct):
    count: Annotated[int, Meta(ge=1)]
    min: float
    mean: float
    max: float


BREAKING = {
    "a field is gone": (
        changed(without=["value"]),
        [f"value is gone, and older readers look for it: {AGAIN}"],
    ),
    "a field has another name": (
        changed(("val", Annotated[float, Meta(ge=0)]), without=["value"]),
        [
            f"value is gone, and older readers look for it: {AGAIN}",
            "val is new, and older events lack it: give it a default",
        ],
    ),
    "a field has another type": (
        changed(("count", str, "")),
        [
            f"count default was 0, and is '' now: {AGAIN}",
            f"count type was 'integer', and is 'string' now: {AGAIN}",
        ],
    ),
    "a new field has no default": (
        changed(("unit", str)),
        ["unit is new, and older events lack it: give it a default"],
    ),
    "a field need not be there any more": (
        changed(("value", Annotated[float, Meta(ge=0)], 0.0)),
        [
            f"value default was None, and is 0.0 now: {AGAIN}",
            f"value may be left out now, and older readers require it: {AGAIN}",
        ],
    ),
    "a field must be there now": (
        changed(("count", int)),
        [
            f"count default was 0, and is None now: {AGAIN}",
            f"count is required now, and older events lack it: {AGAIN}",
        ],
    ),
    "another default": (
        changed(("count", int, 1)),
        [f"count default was 0, and is 1 now: {AGAIN}"],
    ),
    "a new choice": (
        changed(("state", Literal["on", "off", "dim"])),
        [f"state enum was ['off', 'on'], and is ['dim', 'off', 'on'] now: {AGAIN}"],
    ),
    "another range": (
        changed(("value", float)),
        [f"value minimum was 0, and is None now: {AGAIN}"],
    ),
    "the items of a list": (
        changed(("notes", list[int], [])),
        [f"notes[…] type was 'string', and is 'integer' now: {AGAIN}"],
    ),
    "a field below": (
        changed(("parts", dict[str, OtherSummary])),
        [f"parts[…].last is gone, and older readers look for it: {AGAIN}"],
    ),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_breaking_change_is_found_with_what_to_do(change):
    newer, expected = BREAKING[change]
    assert sorted(breaking_changes(schema_of(Before), newer)) == sorted(expected)


def test_a_new_field_with_a_default_and_other_words_break_nothing():
    newer = changed(("unit", str, ""), ("more", dict[str, Any], {}))
    assert breaking_changes(schema_of(Before), newer | {"description": "other words"}) == []


def test_a_breaking_change_of_the_real_contract_is_found(monkeypatch):
    kept = today("edge.lifecycle.v1")
    broken = msgspec.defstruct("LifecycleV1", [("what", str), ("node", str), ("rows", str, "")])
    monkeypatch.setattr(json_schema, "DATA", {**DATA, "lifecycle": {1: broken}})
    found = breaking_changes(kept, today("edge.lifecycle.v1"))
    assert f"version is gone, and older readers look for it: {AGAIN}" in found
    assert f"node is required now, and older events lack it: {AGAIN}" in found
    assert f"rows type was 'integer', and is 'string' now: {AGAIN}" in found


def test_a_type_that_is_gone_is_found(monkeypatch):
    monkeypatch.setattr(json_schema, "DATA", {"reading": DATA["reading"]})
    assert today("edge.lifecycle.v1") is None


def test_a_second_version_lives_beside_the_first_one(monkeypatch):
    second = msgspec.defstruct("ReadingV2", [("channels", dict[str, float])])
    both = {"reading": {**DATA["reading"], 2: second}}
    monkeypatch.setattr(json_schema, "DATA", both)
    monkeypatch.setattr(validation, "DATA", both)
    data = {"channels": {"temperature": 21.5}}
    assert validate_data(EventType("reading", 2), data) == second(**data)
    assert validate_data(EventType("reading", 1), {"values": {}, "quality": "good"}).values == {}
    assert [name for name, _ in json_schema.schemas()][1:] == ["reading.v1", "reading.v2"]
