"""What the audit needs of an event: checked, for it comes from outside."""

from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from consumers.received_event import MAX_OFFSET, OUR_ID
from edge_agent.schema.cloud_event import TYPE, EventType

_Offset = Annotated[int, Meta(ge=0, le=MAX_OFFSET)]


class UnusableEvent(ValueError):
    """Not an event of an agent; the text is the reason."""


class Gap(msgspec.Struct, frozen=True):
    """What a gap event says: `count` events are gone, their offsets within `ranges` of `log`."""

    reason: Annotated[str, Meta(max_length=1000)]
    count: Annotated[int, Meta(ge=0)]
    ranges: list[tuple[_Offset, _Offset]]
    log: str = ""


class Arrival(NamedTuple):
    """One event: where it belongs, and what makes its content.

    `time` is in µs since 1970, None if the agent's clock could not be trusted yet.
    """

    id: str
    log: str
    offset: int
    node: str
    time: int | None
    digest: bytes
    gap: Gap | None
    replayed: bool


class _Attributes(msgspec.Struct):
    """CloudEvents' names."""

    id: Annotated[str, Meta(max_length=100)]
    source: Annotated[str, Meta(pattern=r"\Aurn:edge:[A-Za-z0-9_-]{1,64}\Z")]
    type: Annotated[str, Meta(pattern=rf"\A{TYPE.pattern}\Z")]
    time: Annotated[datetime, Meta(tz=True)]
    data: dict[str, Any]
    subject: str = ""
    clock: str = ""
    replay: bool = False


def arrival_of(event: object) -> Arrival:
    """Return what the audit needs of a decoded event; raise UnusableEvent."""
    try:
        found = msgspec.convert(event, _Attributes)
        kind = EventType.parse(found.type).kind
        gap = msgspec.convert(found.data, Gap) if kind == "gap" else None
        digest = _digest(kind, found.subject, found.data)
        time = None if found.clock else round(found.time.timestamp() * 1e6)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise UnusableEvent(f"not an event of an agent: {error}") from None
    match = OUR_ID.fullmatch(found.id)
    if not match or int(match[2]) > MAX_OFFSET:
        raise UnusableEvent("not an event of an agent: its id is not <log id>:<offset>")
    node = found.source.removeprefix("urn:edge:")
    return Arrival(found.id, match[1], int(match[2]), node, time, digest, gap, found.replay)


def _digest(kind: str, subject: str, data: dict[str, Any]) -> bytes:
    """Return a digest of what stays the same at every delivery, in any notation."""
    content = msgspec.json.encode([kind, subject, data], order="deterministic")
    return blake2b(content, digest_size=8).digest()
