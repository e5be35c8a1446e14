"""What the schemes amqp:// and amqps:// name; pika is imported only if one is used."""

from typing import TYPE_CHECKING

from consumers.source import SourcePlan
from consumers.sources.amqp.address import parse_queue_url
from consumers.sources.place import place_of
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    from consumers.sources.amqp.source import AmqpSource


def amqp_source(plan: SourcePlan) -> "AmqpSource":
    """Return the source of a plan; raise AgentError for a wrong URL, or if pika is missing."""
    try:
        queue = parse_queue_url(plan.url)
    except ValueError as error:
        raise AgentError(str(error)) from None
    try:
        from consumers.sources.amqp.source import AmqpSource  # noqa: PLC0415 - pika, 15 MB
        from consumers.sources.amqp.target import QueueTarget  # noqa: PLC0415
    except ImportError:
        missing, remedy = "the package pika is not installed", "pip install 'edge-agent[amqp]'"
        raise AgentError(missing, remedy) from None
    return AmqpSource(QueueTarget(plan, queue), place_of(plan), plan.nodes)
