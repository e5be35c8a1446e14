"""The contracts as JSON Schema, 2020-12: of each kind's data, and of the whole CloudEvent.

They say what a reader may rely on: a field that they do not list is allowed, and to be ignored.
"""

import inspect
from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

from edge_agent.schema.cloud_event import CloudEvent, EventType
from edge_agent.schema.events import DATA

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE = "cloudevent"
ANCHORS = {r"\A": "^", r"\Z": "$"}  # Python's names for them, and those of ECMA-262

Schema: TypeAlias = dict[str, Any]


def types() -> list[EventType]:
    """Return all types of event that are in use."""
    return [EventType(kind, version) for kind, found in DATA.items() for version in found]


def schemas() -> Iterator[tuple[str, Schema]]:
    """Yield every schema with its name: `cloudevent`, and `<kind>.v<version>`."""
    yield ENVELOPE, event_schema()
    for type_ in types():
        yield name(type_), data_schema(type_)


def name(type_: EventType) -> str:
    """Return the name of a type's schema."""
    return str(type_).removeprefix("edge.")


def uri(type_: EventType) -> str:
    """Return the identifier of a type's schema: it is the same for ever."""
    return f"urn:edge:schema:{type_.kind}:v{type_.version}"


def data_schema(type_: EventType) -> Schema:
    """Return the schema of a type's data; raise KeyError for an unknown one."""
    schema = _schema(DATA[type_.kind][type_.version])
    return {"$schema": DIALECT, "$id": uri(type_), **schema, "title": str(type_)}


def event_schema() -> Schema:
    """Return the schema of a CloudEvent whose data fits to its type; other types may hold any."""
    envelope = _schema(CloudEvent)
    definitions = {name(type_): data_schema(type_) for type_ in types()}
    return {
        "$schema": DIALECT,
        "$id": f"urn:edge:schema:{ENVELOPE}",
        **envelope,
        "allOf": [_of_type(type_) for type_ in types()],
        "$defs": definitions,
    }


def _of_type(type_: EventType) -> Schema:
    return {
        "if": {"properties": {"type": {"const": str(type_)}}},
        "then": {"properties": {"data": {"$ref": uri(type_)}}},
    }


def _schema(struct: type[msgspec.Struct]) -> Schema:
    """Return a struct's schema, with those of the structs in it below `$defs`."""
    (_, *_), definitions = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    own = for_readers(definitions.pop(struct.__name__))
    return {**own, "$defs": for_readers(definitions)} if definitions else own


def for_readers(schema: Any) -> Any:  # noqa: ANN401
    """Return a schema with its texts and patterns as readers of any language take them."""
    if isinstance(schema, list):
        return [for_readers(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: for_readers(value) for key, value in schema.items()}
    if isinstance(found.get("description"), str):
        found["description"] = inspect.cleandoc(found["description"])
    if isinstance(found.get("pattern"), str):
        for ours, theirs in ANCHORS.items():
            found["pattern"] = found["pattern"].replace(ours, theirs)
    return found
