"""Events as Avro: a message begins with the fingerprint of its schema, or its id in a registry."""

from collections.abc import Mapping
from functools import cached_property

import msgspec

from consumers.decode import checked
from consumers.source import DeadLetter, Delivery
from edge_agent.deliver.encoding.registry import Registry
from edge_agent.schema.avro_reader import AvroReader, readers_by_fingerprint

SINGLE_OBJECT, REGISTERED = b"\xc3\x01", b"\0"
MOST = 1000  # schemas of a registry that are kept


class AvroDecoder:
    """Decodes messages; schemas are kept in memory by their ids."""

    def __init__(self, registry: Registry | None) -> None:
        self._registry = registry
        self._registered: dict[int, AvroReader | str] = {}

    def decode(self, payload: bytes) -> Delivery:
        """Return the event of a message.

        Raise SinkUnavailable if the registry cannot be asked, AgentError if fastavro is missing.
        """
        reader, length = self._reader(payload)
        if isinstance(reader, str):
            return DeadLetter(reader)
        try:
            return checked(reader.read(payload[length:]))
        except ValueError as error:
            return DeadLetter(str(error))

    def _reader(self, payload: bytes) -> tuple[AvroReader | str, int]:
        """Return what reads a message, or why nothing does, and the length of its header."""
        if payload.startswith(SINGLE_OBJECT):
            unknown = "the fingerprint of its Avro schema is unknown"
            return self._known.get(payload[2:10], unknown), 10
        if not payload.startswith(REGISTERED) or len(payload) < 5:
            return "neither a fingerprint nor the id of a schema precedes the Avro record", 0
        if self._registry is None:
            return "its Avro schema is in a registry, and none is given", 0
        return self._by_id(int.from_bytes(payload[1:5], "big"), self._registry), 5

    @cached_property
    def _known(self) -> Mapping[bytes, AvroReader]:
        return readers_by_fingerprint()

    def _by_id(self, id_: int, registry: Registry) -> AvroReader | str:
        if id_ not in self._registered:
            found = registry.schema(id_)
            self._registered[id_] = (
                f"the registry has no schema {id_}" if found is None else _reader_of(found)
            )
            if len(self._registered) > MOST:
                del self._registered[next(iter(self._registered))]
        return self._registered[id_]


def _reader_of(schema: str) -> AvroReader | str:
    try:
        return AvroReader(msgspec.json.decode(schema))
    except ValueError as error:
        return str(error)
