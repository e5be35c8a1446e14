"""From a message to events: CloudEvents in its body, or with their attributes in its headers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from consumers.decode import KEPT, event_of, events_in
from consumers.source import DeadLetter, Delivery

if TYPE_CHECKING:
    from pika.spec import BasicProperties

LARGEST = 300_000  # bytes of a body: an agent sends 128,000 at most
PREFIXES = ("cloudEvents:", "cloudEvents_")


def deliveries_in(properties: "BasicProperties", body: bytes) -> Iterator[Delivery]:
    """Yield what one message brings."""
    if len(body) > LARGEST:
        yield DeadLetter(f"larger than {LARGEST} bytes", payload=body[:KEPT])
        return
    attributes = _attributes(properties)
    if attributes:
        yield event_of(attributes, body)
    else:
        yield from events_in(body)


def _attributes(properties: "BasicProperties") -> dict[str, object]:
    """Return the attributes of CloudEvents' binary mode; none in structured mode."""
    headers: dict[str, object] = properties.headers or {}
    found = {
        name.removeprefix(prefix): value
        for prefix in PREFIXES
        for name, value in headers.items()
        if name.startswith(prefix)
    }
    if found and properties.content_type:
        found["datacontenttype"] = properties.content_type
    return found
