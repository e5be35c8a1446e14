"""From the payload of a message to events that keep their contract, and dead letters."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from consumers.received_event import received_event
from consumers.source import DeadLetter, Delivery, Introduction
from edge_agent.schema.validation import InvalidEvent

KEPT = 1_000  # bytes of a payload that is not JSON, to recognize it
BOOT = re.compile("-?[0-9]{1,10}")  # an integer of CloudEvents


def events_in(payload: bytes) -> Iterator[Delivery]:
    """Yield the events of one message: one as a JSON object, or a batch of them as an array."""
    value = _json(payload)
    if isinstance(value, DeadLetter):
        yield value
    else:
        yield from map(checked, value if isinstance(value, list) else [value])


def event_of(attributes: Mapping[str, object], data: bytes) -> Delivery:
    """Return the event of a message in binary mode: its attributes are texts, its data a payload.

    `datacontenttype` is one of the attributes.
    """
    value = _json(data)
    if isinstance(value, DeadLetter):
        return value
    typed = {name: _typed(name, text) for name, text in attributes.items()}
    return checked({**typed, "data": value})


def _typed(name: str, text: object) -> object:
    """Return the value of an attribute: two of ours are no texts in JSON."""
    if name == "replay" and text == "true":
        return True
    if name == "bootid" and isinstance(text, str) and BOOT.fullmatch(text):
        return int(text)
    return text


def checked(event: object) -> Delivery:
    """Return a decoded event as values, or as a dead letter if it breaks its contract."""
    try:
        return received_event(event)
    except InvalidEvent as error:
        return DeadLetter(str(error), event)


def introduction_in(node: str, payload: bytes) -> Iterator[Introduction]:
    """Yield what a node says of itself; nothing if the message does not say it."""
    value = _json(payload)
    if isinstance(value, dict):
        yield Introduction(node, value)


def _json(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return DeadLetter("not JSON", payload=bytes(payload[:KEPT]))
