"""Events of one kind as Avro records, written by fastavro, which is imported when it is needed."""

import io
from types import ModuleType
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec import inspect as described

from edge_agent.errors import AgentError, UnfitEvent
from edge_agent.events import Kind
from edge_agent.schema.avro import record_schema, written
from edge_agent.schema.avro_values import conversion
from edge_agent.schema.cloud_event import CloudEvent
from edge_agent.schema.events import DATA

UNFIT = (msgspec.MsgspecError, ValueError, TypeError, OverflowError)


class RecordWriter:
    """Writes events of a kind; raises AgentError if fastavro is missing."""

    def __init__(self, kind: Kind) -> None:
        type_ = written(kind)
        data = DATA[kind][type_.version]
        self._fastavro = load_fastavro()
        self._schema = self._fastavro.parse_schema(record_schema(type_))
        self._decoder = msgspec.json.Decoder(data)
        self._convert = conversion(described.type_info(data))

    @property
    def fingerprint(self) -> bytes:
        """The schema's CRC-64-AVRO, the low byte first, as single-object encoding has it."""
        canonical = self._fastavro.schema.to_parsing_canonical_form(self._schema)
        return bytes.fromhex(self._fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))

    def write(self, event: CloudEvent) -> bytes:
        """Return an event as a record; raise UnfitEvent if its data does not fit its schema."""
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


def load_fastavro() -> ModuleType:
    """Return the library; raise AgentError with the remedy if it is missing."""
    try:
        import fastavro  # noqa: PLC0415
        import fastavro.schema  # noqa: PLC0415
    except ImportError as error:
        what = f"Avro needs the package fastavro: {error}"
        raise AgentError(what, "pip install 'edge-agent[avro]'") from None
    return fastavro
