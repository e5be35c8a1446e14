"""An event as a record: CloudEvents' Kafka binding, in structured or binary mode."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.kafka.options import Content
from edge_agent.events import LoggedEvent

Headers: TypeAlias = list[tuple[str, str | bytes | None]]  # as the library wants them
STRUCTURED: Headers = [("content-type", CONTENT_TYPE.encode())]


class Record(NamedTuple):
    """What a topic keeps of an event, beside its key."""

    value: bytes
    headers: Headers


Encode: TypeAlias = Callable[[LoggedEvent], Record]


def encoder(content: Content, envelope: Envelope) -> Encode:
    """Return the function that makes records of events."""
    return _structured(envelope) if content == "structured" else _binary(envelope)


def _structured(envelope: Envelope) -> Encode:
    return lambda event: Record(envelope.encode(event), STRUCTURED)


def _binary(envelope: Envelope) -> Encode:
    return lambda event: Record(event.data.encode(), _headers(envelope.attributes(event)))


def _headers(attributes: dict[str, str]) -> Headers:
    content_type = attributes.pop("datacontenttype")
    headers: Headers = [("content-type", content_type.encode())]
    headers += [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    return headers
