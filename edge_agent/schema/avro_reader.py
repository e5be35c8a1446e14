"""Avro records as the events that they were made of, read by fastavro, with the writer's schema.

The inverse of `avro_record`: what a schema leaves out or writes as a text of JSON is as it was.
"""

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from edge_agent.schema.avro import record_schema
from edge_agent.schema.avro_record import canonical_fingerprint, load_fastavro
from edge_agent.schema.cloud_event import EventType
from edge_agent.schema.events import DATA

Restore: TypeAlias = Callable[[Any], Any]


class AvroReader:
    """Reads records of one schema, given as JSON; raises ValueError for one that is none.

    Raises AgentError if fastavro is missing.
    """

    def __init__(self, schema: Any) -> None:  # noqa: ANN401 - Avro's JSON
        self._fastavro = load_fastavro()
        try:
            self._schema = self._fastavro.parse_schema(schema)
        except Exception as error:
            raise ValueError(f"its schema cannot be used: {error}") from error
        self._restore = _restoration(schema, {})

    def read(self, body: bytes) -> Any:  # noqa: ANN401
        """Return the record as JSON has it; raise ValueError if it is none, or not all of it."""
        stream = io.BytesIO(body)
        try:
            found = self._fastavro.schemaless_reader(
                stream, self._schema, return_record_name=True, return_record_name_override=True
            )
            restored = self._restore(found) if self._restore else found
        except Exception as error:
            raise ValueError(f"no Avro record of its schema: {error!r}") from error
        if stream.tell() != len(body):
            raise ValueError("no Avro record of its schema: bytes are left over")
        return restored


def readers_by_fingerprint() -> Mapping[bytes, AvroReader]:
    """Return a reader for every version of every kind, by its schema's CRC-64-AVRO."""
    schemas = [
        record_schema(EventType(kind, version))
        for kind, versions in DATA.items()
        for version in versions
    ]
    return {canonical_fingerprint(schema): AvroReader(schema) for schema in schemas}


def _restoration(schema: Any, named: dict[str, Restore | None]) -> Restore | None:  # noqa: ANN401
    """Return what restores a value of a type; None if it stays as it is."""
    if isinstance(schema, list):
        return _branch([_restoration(one, named) for one in schema], named)
    if isinstance(schema, str):
        return named.get(schema)
    if schema.get("contentType") == "application/json":
        return msgspec.json.decode
    return _time if schema.get("logicalType") == "timestamp-micros" else _composed(schema, named)


def _composed(schema: Any, named: dict[str, Restore | None]) -> Restore | None:  # noqa: ANN401
    match schema["type"]:
        case "record":
            return _record(schema, named)
        case "map":
            restore = _restoration(schema["values"], named)
            return restore and _values(restore)
        case "array":
            restore = _restoration(schema["items"], named)
            return restore and _items(restore)
        case inner:
            return _restoration(inner, named)


def _branch(found: list[Restore | None], named: Mapping[str, Restore | None]) -> Restore | None:
    """Return what restores a value of a union: a record of several comes with its name."""
    alone = next(filter(None, found), None)

    def restore(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, tuple):
            name, record = value
            by_name = named.get(name)
            return by_name(record) if by_name else record
        return alone(value) if alone and value is not None else value

    return restore if alone else None


def _record(schema: Any, named: dict[str, Restore | None]) -> Restore:  # noqa: ANN401
    name = schema["name"]
    full = name if "." in name or "namespace" not in schema else f"{schema['namespace']}.{name}"
    named[name] = named[full] = None  # of a record within itself
    fields = {one["name"]: _restoration(one["type"], named) for one in schema["fields"]}
    absent = {one["name"] for one in schema["fields"] if one.get("default", 0) is None}

    def restore(record: dict[str, Any]) -> dict[str, Any]:
        return {
            field: convert(value) if (convert := fields[field]) else value
            for field, value in record.items()
            if value is not None or field not in absent
        }

    named[name] = named[full] = restore
    return restore


def _values(restore: Restore) -> Restore:
    return lambda values: {name: restore(one) for name, one in values.items()}


def _items(restore: Restore) -> Restore:
    return lambda items: [restore(one) for one in items]


def _time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
