"""Whether an event keeps its contract, and if not, what is wrong with it, in plain English."""

import re
from typing import NamedTuple

import msgspec

from edge_agent.schema.cloud_event import CloudEvent, EventType
from edge_agent.schema.events import DATA

FAULTS = (ValueError, TypeError, OverflowError, RecursionError)
LONGEST = 200  # characters of a problem: a part of it may be what came from outside
WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "an object",
    "str": "a text",
    "timezone component": "a time zone",
}
_empty = msgspec.Raw(b"{}")


class InvalidEvent(ValueError):
    """An event that breaks its contract; the text says how."""


class ValidEvent(NamedTuple):
    """An event that keeps its contract; `data` is None if its kind or version is unknown here."""

    type: EventType
    attributes: CloudEvent
    data: msgspec.Struct | None


def validate(event: object) -> ValidEvent:
    """Return a decoded event as values; raise InvalidEvent.

    What is not in the contract is ignored, and so is data of a kind or version unknown here.
    """
    if not isinstance(event, dict):
        raise InvalidEvent("not an object")
    data = event.get("data")
    try:
        attributes = msgspec.convert(
            {**event, "data": _empty} if "data" in event else event, CloudEvent
        )
    except FAULTS as error:
        raise InvalidEvent(in_english(error)) from None
    type_ = EventType.parse(attributes.type)
    return ValidEvent(type_, attributes, validate_data(type_, data))


def validate_data(type_: EventType, data: object) -> msgspec.Struct | None:
    """Return the decoded data of an event as its struct; None if that is unknown here.

    Raises InvalidEvent.
    """
    struct = DATA.get(type_.kind, {}).get(type_.version)
    if struct is None:
        return None
    try:
        found: msgspec.Struct = msgspec.convert(data, struct)
    except FAULTS as error:
        raise InvalidEvent(f"{type_}: {in_english(error, 'data')}") from None
    return found


def in_english(error: Exception, root: str = "") -> str:
    """Return what msgspec has found, such as: data.values: expected a number, got a text.

    It begins with where that is; `root` is the name of the whole.
    """
    what, _, path = str(error).partition(" - at `$")
    place = f"{root}{path.rstrip('`')}".lstrip(".").replace("[...]", "[…]")
    what = re.sub("`([a-z ]+)`", lambda found: WORDS.get(found[1], found[0]), what)
    what = re.sub(r"^Object missing required field (.+)$", r"\1 is missing", what)
    what = re.sub(r"^Invalid enum value (.+)$", r"\1 is not one of the known ones", what)
    text = what[:1].lower() + what[1:]
    return f"{place}: {text}"[:LONGEST] if place else text[:LONGEST]
