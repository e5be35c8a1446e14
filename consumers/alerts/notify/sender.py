"""The thread of one target: sends batches, and tries again until they are taken."""

import logging
import random
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

from consumers.alerts.notify.targets import NotificationRefused, Notify
from consumers.alerts.transition import Transition
from edge_agent.deliver.backoff import SLOW_CAP, Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import AgentError

_logger = logging.getLogger(__name__)


class NotificationBatch(NamedTuple):
    """Transitions to send together, with their numbers in the outbox; none if it is a refresh."""

    numbers: Sequence[int]
    transitions: Sequence[Transition]


class SentBatch(NamedTuple):
    """What a target has taken, or refused for good."""

    target: str
    numbers: Sequence[int]


class TargetSender:
    """Takes one batch at a time from a queue, and puts what it has sent on another one."""

    def __init__(
        self,
        name: str,
        connect: Callable[[Callable[[], bool]], Notify],
        sent: SimpleQueue[SentBatch],
        backoff: Backoff | None = None,
    ) -> None:
        self.name = name
        self._connect = connect
        self._sent = sent
        self._queue: SimpleQueue[NotificationBatch | None] = SimpleQueue()
        self._backoff = backoff or Backoff(random.random)
        self._complaints = Complaints(_logger)

    def send(self, batch: NotificationBatch) -> None:
        """Hand over a batch; the next one only when this one was sent."""
        self._queue.put(batch)

    def stop(self) -> None:
        """Ask the thread to end; what it is sending is sent again at the next start."""
        self._queue.put(None)

    def run(self) -> None:
        """Send until the stop."""
        while (batch := self._queue.get()) is not None:
            if not self._deliver(batch):
                return
            self._sent.put(SentBatch(self.name, batch.numbers))

    def _deliver(self, batch: NotificationBatch) -> bool:
        """Try until the target has the batch; return whether it has, and not the stop come."""
        while True:
            try:
                self._send(batch.transitions)
            except AgentError as error:
                self._complaints.add(f"{error}; trying again")
                if self._stops_within(self._backoff.next(SLOW_CAP)):
                    return False
            else:
                self._backoff.reset()
                self._complaints.end()
                return True

    def _send(self, transitions: Sequence[Transition]) -> None:
        notify = self._connect(self._has_to_stop)
        try:
            notify(transitions, time.time_ns() // 1000)
        except NotificationRefused as error:
            if len(transitions) == 1:
                _logger.error("%s: not sent: %s", transitions[0].rule, error)  # noqa: TRY400
                return
            for one in transitions:
                self._send([one])

    def _has_to_stop(self) -> bool:
        return not self._queue.empty()

    def _stops_within(self, seconds: float) -> bool:
        try:
            self._queue.get(timeout=seconds)
        except Empty:
            return False
        return True
