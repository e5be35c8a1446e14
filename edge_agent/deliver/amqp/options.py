"""The keys of an AMQP sink."""

from typing import Annotated, Literal

from msgspec import Meta

from edge_agent.deliver.network_options import NetworkOptions
from edge_agent.keys import choices

QueueType = Literal["quorum", "classic", "stream"]
Content = Literal["structured", "binary"]
EXCHANGE = "edge"
ROUTING_KEY = "edge.{node}.{kind}.{source}"


class AmqpOptions(NetworkOptions, frozen=True, kw_only=True):
    """Where the events go: a topic exchange, or one queue."""

    exchange: Annotated[
        str, Meta(description=f"topic exchange that takes the events; default: {EXCHANGE}")
    ] = ""
    routing_key: Annotated[
        str,
        Meta(
            description="routing key of an event, with {node}, {kind} and {source};"
            f" default: {ROUTING_KEY}"
        ),
    ] = ""
    queue: Annotated[
        str, Meta(description="queue that takes the events, instead of an exchange")
    ] = ""
    queue_type: Annotated[QueueType, Meta(description=f"type of queue: {choices(QueueType)}")] = (
        "quorum"
    )
    declare: Annotated[
        bool,
        Meta(
            description="whether the agent declares the exchange or queue: true; or expects it:"
            " false"
        ),
    ] = True
    content: Annotated[
        Content,
        Meta(
            description="how an event becomes a message: all of it as JSON in the body"
            ' ("structured"), or its attributes as headers ("binary")'
        ),
    ] = "structured"
