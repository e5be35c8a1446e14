"""The AMQP sink: events in order, at least once, to an exchange or a queue of RabbitMQ."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from edge_agent.deliver.amqp.check import check
from edge_agent.deliver.amqp.message import Messages
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.publication import BrokerFailure, Publication, Settled
from edge_agent.deliver.packages import Package, needs
from edge_agent.deliver.sink import SinkContext, SinkPlan, SinkProblem, SinkType
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent
from edge_agent.threads import Worker

if TYPE_CHECKING:
    from edge_agent.deliver.amqp.connection import AmqpConnection

PIKA = Package("pika", "pika", "amqp")
WAIT_SECONDS = 0.5
DRAIN_WAITS = 2  # while the agent stops: what is under way may still be confirmed
CLOSE_SECONDS = 2.0


class _Running(NamedTuple):
    connection: "AmqpConnection"
    worker: Worker


class AmqpSink:
    """Publishes with confirmations: one says that the queues of an event have stored it.

    A connection on its own thread talks to the broker, so heartbeats continue while no event comes.
    """

    def __init__(
        self,
        plan: SinkPlan[AmqpOptions],
        context: SinkContext,
        connect: "Callable[[], AmqpConnection]",
    ) -> None:
        self.name = plan.name
        self._context = context
        self._messages = Messages(plan.options, context)
        self._connect = connect
        self._running: _Running | None = None

    def open(self) -> None:
        """Start the connection's thread; the first delivery connects."""
        name = thread_name(self.name)
        connection = self._connect()
        worker = Worker(f"sink {name}", connection.run, connection.stop, self._context.died)
        self._context.alive(name)  # from now on it is watched
        self._running = _Running(connection, worker)
        worker.start()

    def close(self) -> None:
        """Close the connection, and end its thread."""
        running, self._running = self._running, None
        if running is not None:
            running.worker.finish(time.monotonic() + CLOSE_SECONDS)

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Publish a batch and wait for its confirmations; see `Sink`."""
        if self._running is None:
            raise SinkUnavailable("it is not open", "open it")
        count, refused, failure = self._published(batch, self._running.connection)
        if refused:
            raise EventRejected(count, {batch[n].offset: why for n, why in refused.items()})
        if not count and failure is not None:
            raise SinkUnavailable(*failure)
        return count

    def _published(self, batch: Sequence[LoggedEvent], connection: "AmqpConnection") -> Settled:
        reply: SimpleQueue[Settled] = SimpleQueue()
        connection.deliver(Publication(self._messages.of(batch), reply))
        waits = 0
        while waits < DRAIN_WAITS:
            waits += self._context.stopping()
            try:
                return reply.get(timeout=WAIT_SECONDS)
            except Empty:
                self._context.alive(self.name)  # it is the connection that has to move
        connection.cancel()
        try:
            return reply.get(timeout=WAIT_SECONDS)
        except Empty:
            return Settled(0, {}, BrokerFailure("the agent stops"))


def thread_name(sink: str) -> str:
    """Return the name of the connection's thread."""
    return f"{sink}-connection"


def build(plan: SinkPlan[AmqpOptions], context: SinkContext) -> AmqpSink:
    """Return the sink, not open yet; raise MissingPackage without pika."""
    try:
        from edge_agent.deliver.amqp.connection import (  # noqa: PLC0415 - pika, 15 MB
            AmqpConnection,
            servers_of,
            target_of,
        )
    except ImportError:
        raise PIKA.missing from None
    connect = partial(
        AmqpConnection,
        servers_of(plan, context.node),
        target_of(plan.options),
        progress=partial(context.alive, thread_name(plan.name)),
        unblocked=context.retry,
    )
    return AmqpSink(plan, context, connect)


def reach(plan: SinkPlan[AmqpOptions], node: str) -> Iterable[SinkProblem]:
    """Yield what stands in the way of a delivery; see `SinkType`."""
    try:
        from edge_agent.deliver.amqp.visit import problems  # noqa: PLC0415 - pika, 15 MB
    except ImportError:
        raise PIKA.missing from None
    return problems(plan, node)


SINK = SinkType(AmqpOptions, check, build, reach=reach, missing=needs(PIKA))
