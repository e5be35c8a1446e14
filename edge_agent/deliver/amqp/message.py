"""Events as messages: CloudEvents in the body, or in headers as the AMQP binding names them."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.deliver.amqp.address import LONGEST
from edge_agent.deliver.amqp.options import EXCHANGE, ROUTING_KEY, AmqpOptions
from edge_agent.deliver.envelope import CONTENT_TYPE, Envelope
from edge_agent.deliver.sink import SinkContext
from edge_agent.events import LoggedEvent, node_of

PREFIX = "cloudEvents:"


class AmqpMessage(NamedTuple):
    """One event, ready to be published.

    `timestamp` is the time of sending in seconds since 1970, if the clock is known to be right.
    """

    routing_key: str
    id: str
    content_type: str
    body: bytes
    headers: dict[str, str] | None = None
    timestamp: int | None = None

    @property
    def mistake(self) -> str:
        """Return why no broker can take it, or nothing."""
        if len(self.routing_key.encode()) > LONGEST:
            return f"its routing key is longer than {LONGEST} bytes"
        return ""


class Messages:
    """Makes the messages of one sink; `exchange` is the name under which they are published."""

    def __init__(self, options: AmqpOptions, context: SinkContext) -> None:
        self.exchange = exchange_of(options)
        self._queue = options.queue
        self._template = options.routing_key or ROUTING_KEY
        self._make = self._binary if options.content == "binary" else self._structured
        self._envelope = Envelope(context.node, context.log_id)
        self._context = context
        self._made: dict[int, AmqpMessage] = {}  # of the last batch: the next may repeat its end

    def of(self, batch: Sequence[LoggedEvent]) -> list[AmqpMessage]:
        """Return the messages of a batch, in order."""
        made, now = self._made, int(time.time()) if self._context.trusted() else None
        self._made = {
            event.offset: made.get(event.offset) or self._make(event, now) for event in batch
        }
        return list(self._made.values())

    def _structured(self, event: LoggedEvent, now: int | None) -> AmqpMessage:
        name, body = self._envelope.id_of(event), self._envelope.encode(event)
        return AmqpMessage(self._key(event), name, CONTENT_TYPE, body, None, now)

    def _binary(self, event: LoggedEvent, now: int | None) -> AmqpMessage:
        attributes = self._envelope.attributes(event)
        content_type = attributes.pop("datacontenttype")
        headers = {PREFIX + name: value for name, value in attributes.items()}
        body = event.data.encode()
        return AmqpMessage(self._key(event), attributes["id"], content_type, body, headers, now)

    def _key(self, event: LoggedEvent) -> str:
        if self._queue:
            return self._queue
        node = node_of(event, self._context.node)
        return self._template.format(node=node, kind=event.kind, source=event.source)


def exchange_of(options: AmqpOptions) -> str:
    """Return the exchange to publish to; the nameless one leads to a queue by its name."""
    return "" if options.queue else options.exchange or EXCHANGE
