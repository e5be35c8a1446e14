"""An event as a record: CloudEvents' Kafka binding, in structured or binary mode, or Avro."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from edge_agent.deliver.encoding.encoder import EventEncoder
from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.kafka.options import Content
from edge_agent.events import LoggedEvent

Headers: TypeAlias = list[tuple[str, str | bytes | None]]  # as the library wants them
STRUCTURED: Headers = [("content-type", CONTENT_TYPE.encode())]


class Record(msgspec.Struct, frozen=True, gc=False):
    """What a topic keeps of an event, beside its key."""

    value: bytes
    headers: Headers


Encode: TypeAlias = Callable[[LoggedEvent], Record]


def encoder(content: Content, envelope: Envelope) -> Encode:
    """Return the function that makes records of events."""
    return _structured(envelope) if content == "structured" else _binary(envelope)


def avro_encoder(content: Content, envelope: Envelope, body: EventEncoder) -> Encode:
    """Return the function that makes records whose value is Avro; it may raise UnfitEvent."""
    headers: Headers = [("content-type", body.content_type.encode())]
    if content == "structured":
        return lambda event: Record(body.encode(event), headers)
    return lambda event: Record(body.encode(event), headers + _attributes(envelope, event))


def _structured(envelope: Envelope) -> Encode:
    return lambda event: Record(envelope.encode(event), STRUCTURED)


def _binary(envelope: Envelope) -> Encode:
    headers: Headers = [("content-type", b"application/json")]
    return lambda event: Record(event.data.encode(), headers + _attributes(envelope, event))


def _attributes(envelope: Envelope, event: LoggedEvent) -> Headers:
    """Return the attributes as headers, except the type of the data, which has its own."""
    attributes = envelope.attributes(event)
    del attributes["datacontenttype"]
    return [(f"ce_{name}", value) for name, value in attributes.items()]
