"""A source whose events are counted for Prometheus."""

from collections.abc import Callable, Sequence

from consumers.metrics.figures import ArrivedEvents, ConsumerFigures, ConsumerTotals
from consumers.received_event import ReceivedEvent
from consumers.source import Delivery, Source

NODES = 1_000
OTHERS = "other nodes"  # all beyond NODES; no node has such a name
PUBLISH_SECONDS = 1.0
AHEAD = 60.0  # s that a node's clock may be ahead of ours


class MeasuredSource:
    """Hands over what `source` does, and gives `publish` new figures about once a second.

    `totals` returns what the consumer has counted; it is called in the consumer's thread. `clock`
    returns seconds since 1970. A time in the future is not the newest one: it would hide the lag.
    """

    def __init__(
        self,
        source: Source,
        totals: Callable[[], ConsumerTotals],
        publish: Callable[[ConsumerFigures], None],
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._totals = totals
        self._publish = publish
        self._clock = clock
        self._nodes: dict[str, ArrivedEvents] = {}
        self._publish_at = 0.0

    @property
    def interruptions(self) -> int:
        """Return how often the source may have lost what the bus had for this consumer."""
        return self._source.interruptions

    @property
    def connected(self) -> bool:
        """Return whether the bus can hand over events now."""
        return self._source.connected

    def open(self) -> None:
        """Open the source."""
        self._source.open()

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; count it."""
        now = self._clock()
        if now >= self._publish_at:
            self._publish_at = now + PUBLISH_SECONDS
            self._publish(ConsumerFigures(self._totals(), dict(self._nodes)))
        deliveries = self._source.receive(seconds)
        last = self._clock() + AHEAD
        for each in deliveries:
            if isinstance(each, ReceivedEvent):
                self._count(each, last)
        return deliveries

    def acknowledge(self, count: int) -> None:
        """Acknowledge at the source."""
        self._source.acknowledge(count)

    def close(self) -> None:
        """Close the source."""
        self._source.close()

    def _count(self, event: ReceivedEvent, last: float) -> None:
        full = len(self._nodes) >= NODES and event.node not in self._nodes
        node = OTHERS if full else event.node
        events, latest = self._nodes.get(node, ArrivedEvents())
        time = event.time.timestamp()
        if event.trusted and not event.replay and latest < time <= last:
            latest = time
        self._nodes[node] = ArrivedEvents(events + 1, latest)
