"""The Avro schemas of the events: a record for each type, with the attributes of CloudEvents.

`data` is a record as well. An attribute that may be left out is null then. A change that msgspec's
structs allow within a version, a field with a default, is one that Avro's readers take in both
directions.
"""

from collections.abc import Iterable
from typing import Any

from edge_agent.events import KINDS
from edge_agent.schema.avro_types import AvroTypes, doc_of
from edge_agent.schema.cloud_event import WRITTEN, CloudEvent, EventType
from edge_agent.schema.events import DATA

NAMESPACE = "edge"
NOT_IN_AVRO = "datacontenttype"  # the data has no type of its own: it is a record


def written(kind: str) -> EventType:
    """Return the type that the agent writes for a kind."""
    return EventType(kind, WRITTEN[kind])


def record_name(type_: EventType) -> str:
    """Return the full name of a type's record, such as `edge.ReadingEventV1`."""
    return f"{NAMESPACE}.{_name(type_)}"


def record_schema(type_: EventType) -> dict[str, Any]:
    """Return the schema of a type's events; raise KeyError for an unknown one."""
    return _record(type_, AvroTypes(NAMESPACE))


def union_schema(kinds: Iterable[str] = KINDS) -> list[dict[str, Any]]:
    """Return the schema of a stream that has events of several kinds: one of their records."""
    types = AvroTypes(NAMESPACE)
    return [_record(written(kind), types) for kind in kinds]


def _name(type_: EventType) -> str:
    return f"{type_.kind.capitalize()}EventV{type_.version}"


def _record(type_: EventType, types: AvroTypes) -> dict[str, Any]:
    """Return the record; what `types` has defined before is referred to by its name."""
    data = DATA[type_.kind][type_.version]
    fields = [one for one in types.fields(CloudEvent) if one["name"] != NOT_IN_AVRO]
    for field in fields:
        if field["name"] == "data":
            field["type"] = types.of(data)
    return types.record(_name(type_), f"An event of the type {type_}. {doc_of(data)}", fields)
