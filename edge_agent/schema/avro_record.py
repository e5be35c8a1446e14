"""Events of one kind as Avro records, written by fastavro, which is imported when it is needed."""

import io
from types import ModuleType
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec import inspect as described

from edge_agent.errors import MissingPackage, UnfitEvent
from edge_agent.events import Kind
from edge_agent.schema.avro import record_schema, written
from edge_agent.schema.avro_values import conversion
from edge_agent.schema.cloud_event import CloudEvent
from edge_agent.schema.events import DATA

UNFIT = (msgspec.MsgspecError, ValueError, TypeError, OverflowError)


class RecordWriter:
    """Writes events of a kind; raises MissingPackage without fastavro."""

    def __init__(self, kind: Kind) -> None:
        type_ = written(kind)
        self._type = str(type_)
        data = DATA[kind][type_.version]
        self._fastavro = load_fastavro()
        self._schema = self._fastavro.parse_schema(record_schema(type_))
        self._decoder = msgspec.json.Decoder(data)
        self._convert = conversion(described.type_info(data))

    @property
    def fingerprint(self) -> bytes:
        """The schema's CRC-64-AVRO, the low byte first, as single-object encoding has it."""
        return canonical_fingerprint(self._schema)

    def write(self, event: CloudEvent) -> bytes:
        """Return an event as a record; raise UnfitEvent if its data does not fit its schema."""
        if event.type != self._type:  # a relayed event may be of a later version
            raise UnfitEvent(f"it is of the type {event.type}; the schema is that of {self._type}")
        given = msgspec.structs.asdict(event).items()
        record = {name: value for name, value in given if value is not UNSET}
        written = io.BytesIO()
        try:
            record["data"] = self._data(event.data)
            self._fastavro.schemaless_writer(written, self._schema, record)
        except UNFIT as error:
            raise UnfitEvent(f"it does not fit the schema of {event.type}: {error}") from error
        return written.getvalue()

    def _data(self, data: msgspec.Raw) -> Any:  # noqa: ANN401
        found = msgspec.to_builtins(self._decoder.decode(data))
        return self._convert(found) if self._convert else found


def canonical_fingerprint(schema: Any) -> bytes:  # noqa: ANN401 - Avro's JSON
    """Return the CRC-64-AVRO of a schema, the low byte first; AgentError without fastavro."""
    found = load_fastavro().schema
    canonical = found.to_parsing_canonical_form(schema)
    return bytes.fromhex(found.fingerprint(canonical, "CRC-64-AVRO"))


def load_fastavro() -> ModuleType:
    """Return the library; raise MissingPackage without it."""
    try:
        import fastavro  # noqa: PLC0415
        import fastavro.schema  # noqa: PLC0415
    except ImportError:
        raise MissingPackage("fastavro", "avro") from None
    return fastavro
