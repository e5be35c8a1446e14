"""Logged events as CloudEvents 1.0: whole as JSON, or attributes and data apart.

The id is `<log id>:<offset>`, the same at every delivery: a subscriber can drop duplicates and see
gaps. `sequence` orders as text. An event whose time is not to be trusted yet says so.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from edge_agent.events import LoggedEvent, RelayedEvent, Replayed
from edge_agent.schema.cloud_event import WRITTEN, CloudEvent, EventType

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"
TYPES = {kind: str(EventType(kind, version)) for kind, version in WRITTEN.items()}
JSON = "application/json"
SPECVERSION: Final = "1.0"
UNSYNCHRONISED = "unsynchronised"
BEFORE_DATA = f'","specversion":"{SPECVERSION}","data":'
BEFORE_SEQUENCE = f',"datacontenttype":"{JSON}","sequence":"'
REMEMBERED = 256  # sources, and seconds: most events share theirs with others
OVERHEAD = 470  # bytes of a CloudEvent beside its data, with names of the greatest length


def type_of(kind: str) -> str:
    """Return the `type` of a kind's events; another version of the agent may have written them."""
    return TYPES.get(kind) or str(EventType(kind, 1))


class Envelope:
    """Wraps the events of one log, for one node; a relayed event keeps what it has."""

    def __init__(self, node: str, log_id: str) -> None:
        self._source = f"urn:edge:{node}"
        self._log_id = log_id
        self._encoder = msgspec.json.Encoder()
        self._begin = f'{{"id":{_json(f"{log_id}:")[:-1]}'

    def id_of(self, event: LoggedEvent) -> str:
        """Return the id under which one event is delivered."""
        if isinstance(event, RelayedEvent):
            return event.id
        return f"{self._log_id}:{event.offset}"

    def encode(self, event: LoggedEvent) -> bytes:
        """Return one event as a JSON object."""
        return self._as_json(event).encode()

    def encode_batch(self, events: Iterable[LoggedEvent]) -> bytes:
        """Return several events as a JSON array, in order."""
        return f"[{','.join(map(self._as_json, events))}]".encode()

    def attributes(self, event: LoggedEvent) -> dict[str, str]:
        """Return the attributes as texts: the binary mode of HTTP, AMQP and Kafka.

        The data goes beside them: `event.data`, which is JSON, as `datacontenttype` says.
        """
        if isinstance(event, RelayedEvent):
            texts = {name: _text(value) for name, value in event.attributes.items()}
            return {**texts, "datacontenttype": JSON}
        return self._texts(event)

    def wrap(self, event: LoggedEvent) -> CloudEvent:
        """Return one event with the attributes of the contract; its data stays JSON."""
        if isinstance(event, RelayedEvent):
            return msgspec.convert(self._whole(event), CloudEvent)
        offset, time, boot, uptime, kind, source, data = event
        wrapped = CloudEvent(
            self.id_of(event),
            self._source,
            type_of(kind),
            source,
            datetime.fromtimestamp(time / 1e6, UTC),
            SPECVERSION,
            msgspec.Raw(data),
            datacontenttype=JSON,
            sequence=str(offset).zfill(16),
        )
        if boot is not None:
            wrapped.clock, wrapped.bootid, wrapped.uptime = UNSYNCHRONISED, boot, str(uptime)
        if type(event) is Replayed:
            wrapped.replay = True
        return wrapped

    def _texts(self, event: LoggedEvent) -> dict[str, str]:
        """Return the attributes that `wrap` gives an event; this way takes half of the time."""
        offset, time, boot, uptime, kind, source, _ = event
        texts = {
            "id": self.id_of(event),
            "source": self._source,
            "type": type_of(kind),
            "subject": source,
            "time": msgspec.to_builtins(datetime.fromtimestamp(time / 1e6, UTC)),
            "specversion": SPECVERSION,
            "datacontenttype": JSON,
            "sequence": str(offset).zfill(16),
        }
        if boot is not None:
            texts |= {"clock": UNSYNCHRONISED, "bootid": str(boot), "uptime": str(uptime)}
        if type(event) is Replayed:
            texts["replay"] = "true"
        return texts

    def _as_json(self, event: LoggedEvent) -> str:
        """Return one event as JSON; that of most events takes half of the time of `_whole`."""
        offset, time, boot, _, kind, source, data = event
        if boot is not None or type(event) is not LoggedEvent:
            return self._encoder.encode(self._whole(event)).decode()
        number = str(offset)
        return (
            f"{self._begin}{number}{_about(self._source, kind, source)}{_utc(time)}"
            f'{BEFORE_DATA}{data}{BEFORE_SEQUENCE}{number.zfill(16)}"}}'
        )

    def _whole(self, event: LoggedEvent) -> CloudEvent | dict[str, Any]:
        """Return all that is delivered of an event: of a relayed one, every attribute it has."""
        if isinstance(event, RelayedEvent):
            return {**event.attributes, "data": msgspec.Raw(event.data)}
        return self.wrap(event)


@lru_cache(REMEMBERED)
def _about(source: str, kind: str, subject: str) -> str:
    """Return what lies between the offset and the time of an event's JSON."""
    names = f'"source":{_json(source)},"type":{_json(type_of(kind))},"subject":{_json(subject)}'
    return f'",{names},"time":"'


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _utc(time: int) -> str:
    """Return a time in µs since 1970 as `msgspec` writes it."""
    second, fraction = divmod(time, 1_000_000)
    return f"{_second(second)}.{str(fraction).zfill(6)}Z" if fraction else f"{_second(second)}Z"


@lru_cache(REMEMBERED)
def _second(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat()[: len("1970-01-01T00:00:00")]


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
