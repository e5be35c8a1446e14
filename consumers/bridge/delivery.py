"""The thread that owns the sink of a bridge."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import NamedTuple

from edge_agent.deliver.sink import Sink
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import RelayedEvent
from edge_agent.threads import STOP_SECONDS, Worker


class Outcome(NamedTuple):
    """What became of a batch: its first `settled` events are, the `refused` among them for good.

    `unavailable` says why the sink took none.
    """

    settled: int
    refused: Mapping[int, str]
    unavailable: str = ""


class BatchDelivery:
    """Delivers a batch at a time: the thread of the sink calls `run`, the bridge the rest."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink.name
        self._sink = sink
        self._open = False
        self._batches: SimpleQueue[Sequence[RelayedEvent] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()

    def begin(self, batch: Sequence[RelayedEvent]) -> None:
        """Let a batch be delivered; the outcome of the last one must have been taken."""
        self._batches.put(batch)

    def outcome(self, seconds: float) -> Outcome | None:
        """Return what became of the batch; None if it is still under way after so long."""
        try:
            return self._outcomes.get(block=seconds > 0, timeout=seconds)
        except Empty:
            return None

    def stop(self) -> None:
        """End `run` after the batch that is under way."""
        self._batches.put(None)

    def run(self) -> None:
        """Deliver until `stop`, then close the sink."""
        try:
            while (batch := self._batches.get()) is not None:
                self._outcomes.put(self._delivered(batch))
        finally:
            self._sink.close()

    def _delivered(self, batch: Sequence[RelayedEvent]) -> Outcome:
        try:
            self._open_once()
            outcome = Outcome(self._sink.deliver(batch), {})
        except SinkUnavailable as error:
            return Outcome(0, {}, str(error))
        except EventRejected as error:
            outcome = Outcome(error.settled, error.refused)
        return outcome if outcome.settled else Outcome(0, {}, "accepted no events")

    def _open_once(self) -> None:
        if not self._open:
            self._sink.open()
            self._open = True


@contextmanager
def delivering_to(sink: Sink, died: Callable[[str], None]) -> Iterator[BatchDelivery]:
    """Yield the delivery to a sink, on a thread of its own, and close the sink at the end.

    `died` gets the thread's name if it fails.
    """
    delivery = BatchDelivery(sink)
    worker = Worker(f"sink {sink.name}", delivery.run, delivery.stop, died)
    worker.start()
    try:
        yield delivery
    finally:
        worker.finish(time.monotonic() + STOP_SECONDS)
