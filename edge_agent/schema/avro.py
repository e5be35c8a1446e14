"""The Avro schemas of the events: a record for each kind, with the attributes of CloudEvents.

`data` is a record as well. An attribute that may be left out is null then. A change that msgspec's
structs allow within a version, a field with a default, is one that Avro's readers take in both
directions.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from edge_agent.events import KINDS, Kind
from edge_agent.schema.avro_types import AvroTypes, doc_of
from edge_agent.schema.cloud_event import WRITTEN, CloudEvent, EventType
from edge_agent.schema.events import DATA

NAMESPACE = "edge"
NOT_IN_AVRO = "datacontenttype"  # the data has no type of its own: it is a record


class EventRecord(NamedTuple):
    """The Avro record of a kind's events."""

    kind: Kind
    version: int

    @classmethod
    def written(cls, kind: Kind) -> "EventRecord":
        """Return the record in the version that the agent writes."""
        return cls(kind, WRITTEN[kind])

    @property
    def name(self) -> str:
        """The record's full name, such as `edge.ReadingEventV1`."""
        return f"{NAMESPACE}.{self._name}"

    @property
    def _name(self) -> str:
        return f"{self.kind.capitalize()}EventV{self.version}"

    def define(self, types: AvroTypes) -> dict[str, Any]:
        """Return the record; what `types` has defined before is referred to by its name."""
        data = DATA[self.kind][self.version]
        doc = f"An event of the type {EventType(*self)}. {doc_of(data)}"
        fields = [one for one in types.fields(CloudEvent) if one["name"] != NOT_IN_AVRO]
        for field in fields:
            if field["name"] == "data":
                field["type"] = types.of(data)
        return types.record(self._name, doc, fields)


def event_schema(kind: Kind, version: int | None = None) -> dict[str, Any]:
    """Return the schema of a kind's events; in the version that is written unless one is given.

    Raise KeyError if the kind has no such version.
    """
    record = EventRecord(kind, version) if version else EventRecord.written(kind)
    return record.define(AvroTypes(NAMESPACE))


def union_schema(kinds: Iterable[Kind] = KINDS) -> list[dict[str, Any]]:
    """Return the schema of a stream that has events of several kinds: one of their records."""
    types = AvroTypes(NAMESPACE)
    return [EventRecord.written(kind).define(types) for kind in kinds]
