"""Avro types of structs: what fastavro takes, and what it makes of values."""

import io
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import fastavro
import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType
from msgspec import inspect as described

from edge_agent.schema.avro_types import AvroTypes
from edge_agent.schema.avro_values import conversion


class Part(msgspec.Struct):
    """A part.

    With more to say.
    """

    size: Annotated[float, Meta(description="in mm", ge=0)]
    labels: list[Any] = []


class Whole(msgspec.Struct):
    """Everything that a struct may have."""

    parts: dict[str, Part]
    ranges: list[tuple[int, int]]
    at: datetime
    on: bool
    raw: bytes
    choice: Literal["a", "b"]
    mixed: str | float | bool
    best: Part | None = None
    extra: dict[str, Any] = {}
    count: int | None = 3
    note: str | UnsetType = UNSET


WHOLE = Whole(
    {"a": Part(1.5, [{"b": [None]}, 2])},
    [(1, 2**62)],
    datetime(2026, 1, 2, 3, 4, 5, 678901, UTC),
    True,
    b"\xff",
    "b",
    2.5,
    best=Part(2.0),
    extra={"c": {"d": 1.25}, "e": "ü"},
    count=None,
    note="n",
)


def schema_of(struct):
    return AvroTypes("tests").of(struct)


def written(schema, record):
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(schema), record)
    return file.getvalue()


def read(data, writer, reader=None):
    return fastavro.schemaless_reader(io.BytesIO(data), writer, reader)


def builtins(struct):
    found = msgspec.to_builtins(struct, builtin_types=(datetime, bytes))
    return conversion(described.type_info(type(struct)))(found)


def test_a_struct_comes_back_from_avro_as_it_was():
    schema = schema_of(Whole)
    found = read(written(schema, builtins(WHOLE)), schema)
    found["extra"] = {name: json.loads(text) for name, text in found["extra"].items()}
    for part in (found["parts"]["a"], found["best"]):
        part["labels"] = [json.loads(text) for text in part["labels"]]
    assert msgspec.convert(found, Whole) == WHOLE


def test_what_is_left_out_gets_its_default():
    schema = schema_of(Whole)
    given = {"parts": {}, "ranges": [], "at": WHOLE.at, "on": False, "raw": b"", "choice": "a"}
    found = read(written(schema, {**given, "mixed": "x"}), schema)
    assert (found["best"], found["extra"], found["count"], found["note"]) == (None, {}, 3, None)


def test_a_record_says_what_its_docstring_and_its_descriptions_say():
    found = schema_of(Part)
    assert found["doc"] == "A part."
    assert found["fields"][0]["doc"] == "in mm"


def test_a_record_is_defined_once_and_then_named():
    types = AvroTypes("tests")
    assert types.of(Part)["name"] == "Part"
    assert types.of(Part) == "tests.Part"


@pytest.mark.parametrize("kind", [complex, Literal["a", 1]])
def test_what_avro_cannot_hold_is_said_when_the_schema_is_made(kind):
    with pytest.raises(TypeError, match="Avro has no type for"):
        AvroTypes("tests").of(kind)


class Added(msgspec.Struct):
    """A part with a field that was added, as a version allows it."""

    size: float
    labels: list[Any] = []
    colour: str = "grey"


class Broken(msgspec.Struct):
    """A part with a field that no older event has."""

    size: float
    colour: str


class Retyped(msgspec.Struct):
    """A part whose size became a text."""

    size: str
    labels: list[Any] = []


def as_part(struct):
    return {**schema_of(struct), "name": "Part"}


def test_a_newer_reader_reads_what_an_older_writer_has_written():
    data = written(as_part(Part), {"size": 2.0, "labels": ["1"]})
    expected = {"size": 2.0, "labels": ["1"], "colour": "grey"}
    assert read(data, as_part(Part), as_part(Added)) == expected


def test_an_older_reader_reads_what_a_newer_writer_has_written():
    data = written(as_part(Added), {"size": 2.0, "labels": [], "colour": "red"})
    assert read(data, as_part(Added), as_part(Part)) == {"size": 2.0, "labels": []}


@pytest.mark.parametrize("breaking", [Broken, Retyped])
def test_a_reader_with_a_breaking_change_fails_on_older_events(breaking):
    data = written(as_part(Part), {"size": 2.0, "labels": []})
    with pytest.raises(fastavro.read.SchemaResolutionError):
        read(data, as_part(Part), as_part(breaking))
