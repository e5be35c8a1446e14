"""Sends what a log still has to one sink once more, beside the agent that writes the log.

Neither a cursor nor an account moves. The ids are those of the first time, and every event says
that it is replayed.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from edge_agent.clock import Clock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.sink import Sink
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent, RelayedEvent, Replayed

_logger = logging.getLogger(__name__)


class SinkReplay:
    """Delivers to a sink, at most `rate` events a second, until `stopping`.

    `pause` takes seconds, and returns early if the replay is to stop. `last` is the offset of the
    last event that the destination owns or has refused.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        rate: float,
        clock: Clock,
        backoff: Backoff,
        pause: Callable[[float], object],
        stopping: Callable[[], bool],
    ) -> None:
        self._sink = sink
        self._rate = rate
        self._clock = clock
        self._backoff = backoff
        self._pause = pause
        self._stopping = stopping
        self._complaints = Complaints(_logger, clock.monotonic)
        self._open = False
        self._due = 0.0
        self.last = 0
        self.refused = Counter[str]()

    def run(self, batches: Iterable[Sequence[LoggedEvent]]) -> Iterator[int]:
        """Deliver; yield how many events each delivery has settled, at once."""
        for events in batches:
            batch: Sequence[LoggedEvent] = [_marked(event) for event in events]
            while batch and not self._stopping():
                if count := self._attempt(batch):
                    self.last = batch[count - 1].offset
                    batch = batch[count:]
                    yield count
                    self._keep_the_rate(count)

    def _attempt(self, batch: Sequence[LoggedEvent]) -> int:
        """Return how many events are settled; without any, wait before the next attempt."""
        try:
            count = self._deliver(batch)
        except SinkUnavailable as error:
            if not self._stopping():
                self._complaints.add(f"{self._sink.name} is unavailable: {error}; trying again")
            self._pause(self._backoff.next())
            return 0
        self._complaints.end()
        self._backoff.reset()
        return count

    def _deliver(self, batch: Sequence[LoggedEvent]) -> int:
        if not self._open:
            self._sink.open()
            self._open = True
        try:
            count = self._sink.deliver(batch)
        except EventRejected as error:
            self.refused.update(error.refused.values())
            count = error.settled
        if count == 0:
            raise SinkUnavailable("accepted no events")
        return count

    def _keep_the_rate(self, count: int) -> None:
        now = self._clock.monotonic()
        self._due = max(self._due, now) + count / self._rate
        self._pause(self._due - now)


def _marked(event: LoggedEvent) -> LoggedEvent:
    """Return an event that says that it is replayed; a relayed one says so already."""
    return event if isinstance(event, RelayedEvent) else Replayed(*event)
