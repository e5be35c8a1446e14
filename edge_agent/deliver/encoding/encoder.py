"""Which encoder a sink uses, by its options `format`, `registry` and `subject`.

A sink that lets its users choose the format derives its options from `EncodingOptions`, and calls
`check_encoding` in its `check`, `event_encoder` in its `build`, `reach_registry` in its
`reach`, and the encoder's `open` in its own.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from edge_agent.deliver.encoding.address import registry_address
from edge_agent.deliver.encoding.options import EncodingOptions
from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.packages import Package
from edge_agent.deliver.sink import SinkContext, SinkProblem
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import SinkUnavailable
from edge_agent.events import Kind, LoggedEvent

if TYPE_CHECKING:
    from edge_agent.deliver.encoding.registration import SchemaRegistration

FASTAVRO = Package("fastavro", "fastavro", "avro")


class EventEncoder(Protocol):
    """Makes the body of a message from an event; only the forwarder's thread calls it."""

    content_type: ClassVar[str]

    def open(self) -> None:
        """Get ready to encode; raise SinkUnavailable to be opened again later."""
        ...

    def encode(self, event: LoggedEvent) -> bytes:
        """Return the body; raise UnfitEvent for one that its schema does not take: refuse it."""
        ...


class JsonEncoder:
    """A CloudEvent as JSON."""

    content_type: ClassVar[str] = CONTENT_TYPE

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope

    def open(self) -> None:
        """Do nothing: JSON needs no registry."""

    def encode(self, event: LoggedEvent) -> bytes:
        """Return the event as a JSON object."""
        return self._envelope.encode(event)


def event_encoder(
    options: EncodingOptions, context: SinkContext, name: str, topic_of: Callable[[Kind], str]
) -> EventEncoder:
    """Return the encoder that the options of the sink `name` choose.

    `topic_of` returns the topic of a kind's events. Raise AgentError if its library is missing.
    """
    envelope = Envelope(context.node, context.log_id)
    if options.format == "json":
        return JsonEncoder(envelope)
    from edge_agent.deliver.encoding.avro import AvroEncoder  # noqa: PLC0415 - not for JSON

    if not options.registry:
        return AvroEncoder(envelope)
    patience = Patience(partial(context.alive, name), context.stopping)
    return AvroEncoder(envelope, registration(options, topic_of, patience).headers)


def reach_registry(
    options: EncodingOptions, topic_of: Callable[[Kind], str]
) -> Iterator[SinkProblem]:
    """Yield what keeps the schemas from being registered; nothing is."""
    patience = Patience(lambda: None, lambda: False)
    try:
        if options.registry:
            registration(options, topic_of, patience).examine()
    except SinkUnavailable as error:
        yield SinkProblem.of("registry", options.registry, error)


def registration(
    options: EncodingOptions, topic_of: Callable[[Kind], str], patience: Patience
) -> "SchemaRegistration":
    """Return what registers the schemas of a sink with its registry; nothing is sent yet."""
    from edge_agent.deliver.encoding import registration as parts  # noqa: PLC0415 - not for JSON
    from edge_agent.deliver.encoding.registry import Registry  # noqa: PLC0415
    from edge_agent.deliver.encoding.registry_http import RegistryRequests  # noqa: PLC0415

    address = registry_address(options.registry)
    registry = Registry(RegistryRequests(address, options.registry_login, patience))
    return parts.SchemaRegistration(registry, parts.subjects(options.subject, topic_of))
