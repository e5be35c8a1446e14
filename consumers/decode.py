"""From the payload of a message to events."""

from collections.abc import Iterator

import msgspec

from consumers.source import Delivery, Introduction, Undecodable


def events_in(payload: bytes) -> Iterator[Delivery]:
    """Yield the events of one message: one as a JSON object, or a batch of them as an array."""
    value = _json(payload)
    yield from value if isinstance(value, list) else [value]


def introduction_in(node: str, payload: bytes) -> Iterator[Introduction]:
    """Yield what a node says of itself; nothing if the message does not say it."""
    value = _json(payload)
    if isinstance(value, dict):
        yield Introduction(node, value)


def _json(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return Undecodable("not JSON")
