"""What waits for the next commit of the event log: bookkeeping without a disk or a clock."""

from collections import Counter
from collections.abc import Sequence

from edge_agent.clock import Moment
from edge_agent.events import CursorMove, Event, Record, SavedState, Subscription
from edge_agent.store.tick import Tick

CURSOR_INTERVAL = 1.5  # cursor moves alone: a tick of 1 s takes them along
GROUP = 10_000  # events in one transaction


class Group:
    """Events, saved states, cursor moves and subscriptions that commit together."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: dict[str, bytes] = {}
        self.moves: dict[tuple[str, frozenset[str]], CursorMove] = {}
        self.subscriptions: tuple[Subscription, ...] | None = None
        self._urgent = False
        self.since = float("inf")  # when the first one came

    def add(self, records: Sequence[Record], now: float) -> None:
        """Take what must commit together; the last state of each name counts."""
        for one in records:
            if isinstance(one, SavedState):
                self.states[one.name] = one.data
            else:
                self.events.append(one)
                self._urgent = self._urgent or one.urgent
        self.since = min(self.since, now)

    def move(self, move: CursorMove) -> None:
        """Take a cursor's move; the farthest of each sink counts, with all refusals."""
        before = self.moves.get((move.sink, move.kinds), move)
        offset, refused = max(move.offset, before.offset), {**before.refused, **move.refused}
        self.moves[move.sink, move.kinds] = move._replace(offset=offset, refused=refused)

    def subscribe(self, subscriptions: tuple[Subscription, ...], now: float) -> None:
        """Take the sinks that there are from now on; this does not wait for the interval."""
        self.subscriptions = subscriptions
        self._urgent = True
        self.since = min(self.since, now)

    def due(self, last_group: float, tick: Tick) -> float:
        """Return the monotonic time at which to commit; infinity if there is nothing to.

        The interval counts from the first event of the last group: sensors that measure as often
        would otherwise meet their own last commit, and wait for almost a whole interval.
        """
        if self._urgent or len(self.events) >= GROUP:
            return self.since
        if self.events or self.states:
            return max(self.since + tick.gather, last_group + tick.interval)
        if self.moves:
            return last_group + max(tick.interval, CURSOR_INTERVAL)
        return float("inf")

    def hold(self, limit: int) -> Counter[str]:
        """Drop events beyond `limit`, oldest readings first, alerts last; count them by kind."""
        excess = max(len(self.events) - limit, 0)
        by_worth = sorted(range(len(self.events)), key=lambda n: (self.events[n].urgent, n))
        gone = set(by_worth[:excess])
        dropped = Counter[str](self.events[n].kind for n in gone)
        self.events = [event for n, event in enumerate(self.events) if n not in gone]
        return dropped


def settled(event: Event, now: Moment) -> Event:
    """Return the event with its true time, if the clock was set after it was measured."""
    _, uptime, trusted = event.moment
    if trusted or not now.trusted:
        return event
    moment = Moment(uptime + now.time - now.uptime, uptime, trusted=True)
    return Event(event.kind, event.source, moment, event.data, event.urgent)
