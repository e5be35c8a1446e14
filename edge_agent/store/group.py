"""What waits for the next commit of the event log: bookkeeping without a disk or a clock."""

from collections import Counter
from collections.abc import Sequence

from edge_agent.clock import Moment
from edge_agent.events import Event, Record, SavedState, Subscription
from edge_agent.store.cursor_moves import MANY, CursorMoves
from edge_agent.store.tick import Tick

GROUP = 10_000  # events in one transaction


class Group:
    """Events, saved states, cursor moves and subscriptions that commit together."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.states: dict[str, bytes] = {}
        self.moves = CursorMoves()
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
        return self.moves.due(tick.interval)

    def following(self, now: float, *, last: bool) -> "Group":
        """Return the next group, with the cursor moves that need not commit with this one.

        If this is the `last` group, all of them do.
        """
        group = Group()
        small = len(self.events) < MANY and self.subscriptions is None
        if small and not last and self.moves.may_wait(now):
            group.moves, self.moves = self.moves, group.moves
        return group

    def again(self, following: "Group") -> "Group":
        """Return this group, which could not be committed, with the moves of the next one."""
        self.moves = self.moves or following.moves
        return self

    def hold(self, limit: int) -> Counter[str]:
        """Drop events beyond `limit`, oldest readings first, alerts last; count them by kind."""
        excess = max(len(self.events) - limit, 0)
        by_worth = sorted(range(len(self.events)), key=lambda n: (self.events[n].urgent, n))
        gone = set(by_worth[:excess])
        dropped = Counter[str](self.events[n].kind for n in gone)
        self.events = [event for n, event in enumerate(self.events) if n not in gone]
        return dropped


def settled(events: Sequence[Event], now: Moment) -> list[Event]:
    """Return the events with their true times, if the clock was set after they were measured."""
    if not now.trusted:
        return [*events]
    return [one if one.moment.trusted else _settled(one, now) for one in events]


def _settled(event: Event, now: Moment) -> Event:
    uptime = event.moment.uptime
    moment = Moment(uptime + now.time - now.uptime, uptime, trusted=True)
    return Event(event.kind, event.source, moment, event.data, event.urgent)
