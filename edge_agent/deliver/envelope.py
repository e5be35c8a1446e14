"""Logged events as CloudEvents 1.0: whole as JSON, or attributes and data apart.

The id is `<log id>:<offset>`, the same at every delivery: a subscriber can drop duplicates and see
gaps. `sequence` orders as text. An event whose time is not to be trusted yet says so.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from edge_agent.events import LoggedEvent, Replayed
from edge_agent.schema.cloud_event import WRITTEN, CloudEvent, EventType

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"
TYPES = {kind: str(EventType(kind, version)) for kind, version in WRITTEN.items()}
OVERHEAD = 470  # bytes of a CloudEvent beside its data, with names of the greatest length


def type_of(kind: str) -> str:
    """Return the `type` of a kind's events; another version of the agent may have written them."""
    return TYPES.get(kind) or str(EventType(kind, 1))


class Envelope:
    """Wraps the events of one log, for one node."""

    def __init__(self, node: str, log_id: str) -> None:
        self._source = f"urn:edge:{node}"
        self._log_id = log_id
        self._encoder = msgspec.json.Encoder()

    def id_of(self, event: LoggedEvent) -> str:
        """Return the id under which one event is delivered."""
        return f"{self._log_id}:{event.offset}"

    def encode(self, event: LoggedEvent) -> bytes:
        """Return one event as a JSON object."""
        return self._encoder.encode(self.wrap(event))

    def encode_batch(self, events: Iterable[LoggedEvent]) -> bytes:
        """Return several events as a JSON array, in order."""
        return self._encoder.encode([self.wrap(event) for event in events])

    def attributes(self, event: LoggedEvent) -> dict[str, str]:
        """Return the attributes as texts: the binary mode of HTTP, AMQP and Kafka.

        The data goes beside them: `event.data`, of the type that `datacontenttype` names.
        """
        wrapped: Any = self.wrap(event)
        wrapped.data = msgspec.UNSET
        return {name: _text(value) for name, value in msgspec.to_builtins(wrapped).items()}

    def wrap(self, event: LoggedEvent) -> CloudEvent:
        """Return one event with its attributes; its data stays JSON."""
        offset, time, boot, uptime, kind, source, data = event
        wrapped = CloudEvent(
            self.id_of(event),
            self._source,
            type_of(kind),
            source,
            datetime.fromtimestamp(time / 1e6, UTC),
            "1.0",
            msgspec.Raw(data),
            datacontenttype="application/json",
            sequence=f"{offset:016d}",
        )
        if boot is not None:
            wrapped.clock, wrapped.bootid, wrapped.uptime = "unsynchronised", boot, str(uptime)
        if type(event) is Replayed:
            wrapped.replay = True
        return wrapped


def _text(value: str | int) -> str:
    """Return an attribute's value as CloudEvents writes it."""
    return "true" if value is True else str(value)


def split(events: Sequence[LoggedEvent], count: int, size: int) -> list[Sequence[LoggedEvent]]:
    """Return the events in groups of at most `count`, and of about `size` bytes as JSON."""
    groups: list[Sequence[LoggedEvent]] = []
    start = total = 0
    for n, event in enumerate(events):
        length = len(event.data) * (1 if event.data.isascii() else 4) + OVERHEAD
        if n > start and (n - start >= count or total + length > size):
            groups.append(events[start:n])
            start, total = n, 0
        total += length
    return [*groups, events[start:]] if events else groups
