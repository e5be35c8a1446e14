"""From the payload of a message to events that keep their contract, and dead letters."""

from collections.abc import Iterator

import msgspec

from consumers.source import DeadLetter, Delivery, Introduction
from edge_agent.schema.validation import InvalidEvent, validate


def events_in(payload: bytes) -> Iterator[Delivery]:
    """Yield the events of one message: one as a JSON object, or a batch of them as an array."""
    value = _json(payload)
    if isinstance(value, DeadLetter):
        yield value
    else:
        yield from map(checked, value if isinstance(value, list) else [value])


def checked(event: object) -> Delivery:
    """Return a decoded event as it is, or as a dead letter if it breaks its contract."""
    try:
        validate(event)
    except InvalidEvent as error:
        return DeadLetter(str(error), event)
    return event


def introduction_in(node: str, payload: bytes) -> Iterator[Introduction]:
    """Yield what a node says of itself; nothing if the message does not say it."""
    value = _json(payload)
    if isinstance(value, dict):
        yield Introduction(node, value)


def _json(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return DeadLetter("not JSON")
