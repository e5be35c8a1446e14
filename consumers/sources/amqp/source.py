"""Events from a queue or a stream of RabbitMQ.

A queue keeps what is not acknowledged. A stream keeps everything, but no place of a group for a
client that speaks AMQP 0-9-1: a file keeps it.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from consumers.pending import Pending
from consumers.received_event import ReceivedEvent
from consumers.source import Delivery, SourceUnavailable
from consumers.sources.amqp.failure import AGAIN, CANCELLED
from consumers.sources.amqp.link import LinkLost, QueueLink, QueueMessage
from consumers.sources.amqp.message import deliveries_in
from consumers.sources.amqp.target import QueueTarget
from consumers.sources.place import GroupPlace
from edge_agent.deliver.amqp.publication import TRY_AGAIN
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints

MOST = 1000  # deliveries that are not acknowledged: after a reconnection there are two windows

logging.getLogger("pika").setLevel(logging.CRITICAL)  # the source says what failed
_logger = logging.getLogger(__name__)


class Token(NamedTuple):
    """What acknowledges a message: its link, if that is still there, and its place in a stream."""

    link: QueueLink
    tag: int
    offset: int | None


class AmqpSource:
    """Hands over what the queue of `target` has, of `nodes`, or of all nodes if none is named."""

    def __init__(self, target: QueueTarget, place: GroupPlace, nodes: Sequence[str] = ()) -> None:
        self.interruptions = 0
        self._target = target
        self._place = place
        self._nodes = frozenset(nodes)
        self._link: QueueLink | None = None
        self._pending: Pending[Token] = Pending()
        self._backoff = Backoff(random.random)
        self._complaints = Complaints(_logger)
        self._retry_at = 0.0

    def open(self) -> None:
        """Connect; raise SourceUnavailable."""
        self._place.load()
        try:
            self._link = self._target.open(self._place.number)
        except LinkLost as error:
            raise SourceUnavailable(*error.failure) from error

    @property
    def connected(self) -> bool:
        """Return whether a broker hands over the queue."""
        return self._link is not None

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; connect again if the connection is lost."""
        link = self._link
        if link is None:
            self._reconnect(seconds)
            return ()
        try:
            link.step(0 if link.received and len(self._pending) < MOST else seconds)
        except LinkLost as error:
            self._lost(link, error)
            return ()
        return self._taken(link) if len(self._pending) < MOST else ()

    def acknowledge(self, count: int) -> None:
        """Acknowledge, and let the connection send what is due, such as heartbeats."""
        self._settle(count)
        if self._link is not None:
            try:
                self._link.step(0)
            except LinkLost as error:
                self._lost(self._link, error)

    def close(self) -> None:
        """Save the place, and disconnect."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
            self._keep(self._place.save)

    def _taken(self, link: QueueLink) -> list[Delivery]:
        messages, link.received = link.received, []
        if not messages:
            return []
        self._backoff.reset()
        if self._place.number is None and messages[0].offset is not None:
            self._keep(
                partial(self._place.move, messages[0].offset)
            )  # from here, though nothing is acknowledged yet
        found = [delivery for message in messages for delivery in self._deliveries(link, message)]
        self._settle(0)  # messages that bring nothing wanted
        return found

    def _deliveries(self, link: QueueLink, message: QueueMessage) -> Iterator[Delivery]:
        wanted = [
            one for one in deliveries_in(message.properties, message.body) if self._wants(one)
        ]
        self._pending.add(Token(link, message.tag, message.offset), len(wanted))
        return iter(wanted)

    def _wants(self, delivery: Delivery) -> bool:
        if not self._nodes or not isinstance(delivery, ReceivedEvent):
            return True
        return delivery.node in self._nodes

    def _settle(self, count: int) -> None:
        """Acknowledge what its own link can; what a lost one brought arrives again."""
        done = [one for one in self._pending.acknowledge(count) if one.link is self._link]
        if not done:
            return
        last = done[-1]
        last.link.acknowledge(last.tag)
        if last.offset is not None:
            self._keep(partial(self._place.move, last.offset + 1))

    def _keep(self, save: Callable[[], None]) -> None:
        try:
            save()
        except OSError as error:
            self._complaints.add(f"cannot save the place in the stream: {error}")

    def _lost(self, link: QueueLink, error: LinkLost) -> None:
        self._link = None
        link.close()
        unplaced = link.stream and self._place.number is None
        self.interruptions += unplaced or error.failure is CANCELLED
        self._complain(error)

    def _complain(self, error: LinkLost) -> None:
        what, remedy = error.failure
        self._complaints.add(f"{what}; {AGAIN if remedy == TRY_AGAIN else remedy}")
        self._retry_at = time.monotonic() + self._backoff.next()

    def _reconnect(self, seconds: float) -> None:
        wait = self._retry_at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, seconds))
            return
        try:
            self._link = self._target.open(self._place.number)
        except LinkLost as error:
            self._complain(error)
            return
        if self._complaints.end():
            _logger.info("connected again to the broker")
