"""From a record of a topic to deliveries: structured or binary CloudEvents, or Avro."""

from collections.abc import Iterable, Mapping, Sequence

from consumers.avro import AvroDecoder
from consumers.decode import event_of, events_in
from consumers.source import DeadLetter, Delivery

LARGEST = 2_000_000  # bytes: twice what an agent sends unless it is configured otherwise
PREFIX = "ce_"


class RecordDecoder:
    """Decodes the records of one topic."""

    def __init__(self, avro: AvroDecoder) -> None:
        self._avro = avro

    def decode(
        self, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]
    ) -> Sequence[Delivery]:
        """Return what a record holds: one event, a batch, or a dead letter with its reason.

        Raise SinkUnavailable if a registry cannot be asked, AgentError if a package is missing.
        """
        if value is None:
            return [DeadLetter("a record without a value")]
        if len(value) > LARGEST:
            return [DeadLetter(f"larger than {LARGEST} bytes")]
        found = {name: (text or b"").decode(errors="replace") for name, text in headers}
        kind = found.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/avro":
            return [self._avro.decode(value)]
        if "ce_id" in found:
            return [event_of(_attributes(found, kind), value)]
        return list(events_in(value))


def _attributes(headers: Mapping[str, str], content_type: str) -> dict[str, str]:
    found = {
        name.removeprefix(PREFIX): text for name, text in headers.items() if name.startswith(PREFIX)
    }
    return found | ({"datacontenttype": content_type} if content_type else {})
