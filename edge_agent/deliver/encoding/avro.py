"""Events as Avro: a header that names the schema, then the record."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from edge_agent.deliver.envelope import Envelope
from edge_agent.errors import SinkUnavailable, UnfitEvent
from edge_agent.events import KINDS, Kind, LoggedEvent
from edge_agent.schema.avro_record import RecordWriter

SINGLE_OBJECT = b"\xc3\x01"  # the fingerprint of the schema follows


class AvroEncoder:
    """Encodes events as Avro; `headers` returns what comes before a record of each kind.

    Without `headers`, that is the fingerprint of its schema. Raises AgentError if fastavro is
    missing.
    """

    content_type: ClassVar[str] = "application/avro"

    def __init__(
        self, envelope: Envelope, headers: Callable[[], Mapping[Kind, bytes]] | None = None
    ) -> None:
        self._envelope = envelope
        self._writers: dict[str, RecordWriter] = {kind: RecordWriter(kind) for kind in KINDS}
        self._find_headers = headers or self._fingerprints
        self._headers: dict[str, bytes] = {}

    def open(self) -> None:
        """Get the headers; raise SinkUnavailable if a registry does not give them."""
        self._headers = dict(self._find_headers().items())

    def encode(self, event: LoggedEvent) -> bytes:
        """Return header and record; raise UnfitEvent if the event does not fit its schema.

        Raise SinkUnavailable if there are no headers yet.
        """
        if event.kind not in self._writers:
            raise UnfitEvent(f"there is no schema for events of the kind {event.kind}")
        if event.kind not in self._headers:
            raise SinkUnavailable("its schema is not registered yet")
        record = self._writers[event.kind].write(self._envelope.wrap(event))
        return self._headers[event.kind] + record

    def _fingerprints(self) -> Mapping[Kind, bytes]:
        return {kind: SINGLE_OBJECT + self._writers[kind].fingerprint for kind in KINDS}
