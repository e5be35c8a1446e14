"""When the log, and each sink, had all events up to an offset: the last times, in memory."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from edge_agent.figures import Committed, Figure, TakenOver
from edge_agent.observe.web.trust.reached import LOG, Place, Reached, Reaches

KEPT = 1000  # times of each sink, and of the log
HELD = 10_000  # figures in the inbox, if the web thread is late
PLACES = 100  # sinks that are remembered, those that a reload has removed included


class OffsetTimes:
    """Takes figures from any thread; the web thread alone collects them.

    `known` is replaced whole: any thread may read it.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        """Use `now`, in µs since 1970."""
        self.known: Reaches = {}
        self._now = now
        self._inbox: SimpleQueue[tuple[Place, Reached]] = SimpleQueue()
        self._kept: dict[Place, deque[Reached]] = {}

    def put(self, figure: Figure) -> None:
        """Note how far a sink or the log is, without waiting; other figures are none of ours."""
        if self._inbox.qsize() >= HELD:
            return
        if isinstance(figure, TakenOver):
            self._inbox.put((figure.sink, Reached(figure.offset, self._now())))
        elif isinstance(figure, Committed) and figure.offset is not None:
            self._inbox.put((LOG, Reached(figure.offset, self._now())))

    def collect(self) -> None:
        """Take what has been put."""
        changed = set()
        with suppress(Empty):
            while len(self._kept) < PLACES:
                place, reached = self._inbox.get_nowait()
                self._kept.setdefault(place, deque(maxlen=KEPT)).append(reached)
                changed.add(place)
        if changed:
            self.known = {**self.known, **{each: tuple(self._kept[each]) for each in changed}}
