"""Events from a queue: deleted when they are acknowledged, and kept ours until then.

SQS gives a message to one reader, which must delete it in time. The long poll runs on a thread of
its own, and what becomes of messages on another one: one request of each at a time.
"""

import logging
import time
from collections.abc import Callable, Sequence

from consumers.pending import Pending
from consumers.source import Delivery, SourceUnavailable
from consumers.sources.sqs.calls import BackgroundCalls
from consumers.sources.sqs.held_messages import VISIBILITY, HeldMessages, SettlingCall
from consumers.sources.sqs.leases import MOST_ENTRIES
from consumers.sources.sqs.message import deliveries_in
from consumers.sources.sqs.queue import BatchAnswer, ReceivedMessage, SqsQueue
from edge_agent.deliver.aws.faults import PersonNeeded
from edge_agent.deliver.backoff import CAP, SLOW_CAP, Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import SinkUnavailable

MOST = 1000  # deliveries that are not acknowledged, and messages that are not deleted
WAIT = 5  # s of a long poll
GOODBYE_SECONDS = 8.0  # for the long poll that is under way, and for what it brings
RECEIVING, SETTLING = "receiving", "settling"

_logger = logging.getLogger(__name__)


class SqsSource:
    """Hands over what a queue has; `connect` reads the credentials. See `Source`."""

    def __init__(
        self,
        connect: Callable[[], SqsQueue],
        backoff: Backoff,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interruptions = 0
        self.connected = False  # the latest request was answered
        self._connect = connect
        self._queue: SqsQueue | None = None
        self._calls = BackgroundCalls()
        self._arrived: list[Delivery] = []
        self._pending: Pending[str] = Pending()
        self._held = HeldMessages(monotonic)
        self._backoff = backoff
        self._complaints = Complaints(_logger)
        self._monotonic = monotonic
        self._retry_at = 0.0

    def open(self) -> None:
        """Connect, and receive for the first time; raise SourceUnavailable."""
        try:
            self._queue = self._connect()
            self._queue.check_rights()
            since = self._monotonic()
            self._take(self._queue.receive(MOST_ENTRIES, wait=0, visibility=VISIBILITY), since)
        except SinkUnavailable as error:
            self._disconnect()
            raise SourceUnavailable(error.what, error.remedy) from error

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; meanwhile, delete what is done with and keep the rest ours."""
        until = self._monotonic() + seconds
        while not self._arrived:
            self._begin_calls()
            if not self._calls.finish_one(max(0.0, until - self._monotonic())):
                break
        arrived, self._arrived = self._arrived, []
        return arrived

    def acknowledge(self, count: int) -> None:
        """Delete, in the background, the messages that are done with; see `Source`."""
        self._held.delete(self._pending.acknowledge(count))
        self._begin_calls()

    def close(self) -> None:
        """Delete what is acknowledged, give the rest back, and disconnect."""
        until = self._monotonic() + GOODBYE_SECONDS
        while self._queue is not None and not self._pausing():
            self._begin_settling(self._held.last(self._queue))
            left = until - self._monotonic()
            if left <= 0 or not self._calls.busy() or not self._calls.finish_one(left):
                break
        self._disconnect()

    def _disconnect(self) -> None:
        queue, self._queue = self._queue, None
        if queue is not None:
            queue.close()

    def _begin_calls(self) -> None:
        if self._pausing():
            return
        if self._queue is None:
            self._begin_connecting()
            return
        self._begin_receiving(self._queue)
        self._begin_settling(self._held.next(self._queue))

    def _begin_connecting(self) -> None:
        if not self._calls.busy(RECEIVING):
            self._calls.begin(RECEIVING, self._connect, self._connected, self._failed)

    def _begin_receiving(self, queue: SqsQueue) -> None:
        most = min(MOST_ENTRIES, MOST - max(len(self._pending), len(self._held)))
        if most <= 0 or self._calls.busy(RECEIVING):
            return
        since = self._monotonic()
        self._calls.begin(
            RECEIVING,
            lambda: queue.receive(most, wait=WAIT, visibility=VISIBILITY),
            lambda messages: self._take(messages, since),
            self._failed,
        )

    def _begin_settling(self, due: SettlingCall | None) -> None:
        if due is None or self._calls.busy(SETTLING):
            return

        def note(answer: BatchAnswer) -> None:
            due.note(answer)
            if answer.again:
                self._failed(SinkUnavailable("SQS has not settled all messages of a request"))

        self._calls.begin(SETTLING, due.call, note, self._failed)

    def _take(self, messages: Sequence[ReceivedMessage], since: float) -> None:
        for handle, body in messages:
            found = deliveries_in(body)
            self._held.hold(handle, since)
            self._pending.add(handle, len(found))
            self._arrived += found
        self._held.delete(self._pending.acknowledge(0))  # batches without an event
        self.connected = True
        self._backoff.reset()
        if self._complaints.end():
            _logger.info("the queue answers again")

    def _connected(self, queue: SqsQueue) -> None:
        self._queue = queue

    def _pausing(self) -> bool:
        return self._monotonic() < self._retry_at

    def _failed(self, error: SinkUnavailable) -> None:
        """Try again later, with credentials that may be other ones then if a person is needed."""
        self.connected = False
        person = isinstance(error, PersonNeeded)
        if person:
            self._disconnect()
        self._complaints.add(f"{error}; trying again")
        self._retry_at = self._monotonic() + self._backoff.next(SLOW_CAP if person else CAP)
