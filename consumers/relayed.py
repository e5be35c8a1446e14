"""Received events as sinks take them: everything that they have stays as it is."""

import re
from typing import Any

import msgspec

from consumers.received_event import ReceivedEvent
from consumers.source import DeadLetter
from edge_agent.errors import UnfitEvent
from edge_agent.events import LoggedEvent, RelayedEvent
from edge_agent.schema.cloud_event import CloudEvent

# What topics, routing keys and headers can hold; agents write no others.
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
ATTRIBUTE = re.compile(r"[a-z0-9]{1,50}")
OURS = frozenset(CloudEvent.__struct_fields__)  # attributes that are known to fit
VALUES = (str, int)


def relayed_event(event: ReceivedEvent, number: int, *, replay: bool = False) -> RelayedEvent:
    """Return an event for a sink; `number` ascends from event to event.

    With `replay` it says that it is sent once more. Raise UnfitEvent if no sink can name it.
    """
    if not NAME.fullmatch(event.subject):
        raise UnfitEvent(f"its subject is no name: {event.subject[:50]!r}")
    attributes = {name: value for name, value in event.decoded.items() if name != "data"}
    for name, value in attributes.items():
        fits = name in OURS or ATTRIBUTE.fullmatch(name)
        if not fits or not isinstance(value, VALUES):
            raise UnfitEvent(f"its attribute {name[:50]!r} is none of a CloudEvent")
    if replay:
        attributes["replay"] = True
    return RelayedEvent.of(_logged(event, number), event.node, attributes)


def _logged(event: ReceivedEvent, number: int) -> LoggedEvent:
    time = round(event.time.timestamp() * 1e6)
    boot = None if event.trusted else event.decoded.get("bootid", 0)
    data = msgspec.json.encode(event.data).decode()
    return LoggedEvent(number, time, boot, None, event.kind, event.subject, data)


def dead_letter(event: RelayedEvent, reason: str) -> DeadLetter:
    """Return what was refused as it had arrived."""
    decoded: dict[str, Any] = {**event.attributes, "data": msgspec.json.decode(event.data)}
    return DeadLetter(reason, decoded)
