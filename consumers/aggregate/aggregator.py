"""One run of the aggregator: from a source to a store, until it is to end."""

from collections.abc import Callable
from typing import NamedTuple

from consumers.aggregate.group import EventGroup
from consumers.aggregate.keep import Keep, limits
from consumers.aggregate.stores.store import Store, StoreUnavailable
from consumers.aggregate.untimed import UntimedEvents
from consumers.inbox.dead_letters import DeadLetters
from consumers.inbox.inbox import Inbox
from consumers.inbox.settings import InboxCounts, InboxSettings
from consumers.source import Source
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints

LARGEST_GROUP = 10_000  # deliveries, from which on a group is committed
LINGER = 1.0  # s that the first delivery of a group waits for others
IDLE = 0.05  # s without a delivery, after which a group is committed
WAIT = 0.25  # s for the first delivery of a group
EXPIRY = 600.0  # s from one look for what is too old to the next
ANY_ORDER = InboxSettings(patience=0.0)  # windows are the same in any order


class RunEnd(NamedTuple):
    """When a run ends: after some seconds, or after some seconds without an event."""

    after: float
    quiet: float


class RunClock(NamedTuple):
    """Seconds since 1970, and how to let some pass."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


class StoringRun:
    """Commits what a source delivers, then acknowledges it: each event has its effect once.

    What was delivered and not committed when a run ends arrives again. A slow store slows the
    source: nothing is received while a group is being committed.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        letters: DeadLetters,
        *,
        keep: Keep,
        end: RunEnd,
        clock: RunClock,
        complaints: Complaints,
    ) -> None:
        """Source and store are open."""
        self._source = source
        self._store = store
        self._keep = keep
        self._clock = clock
        self._complaints = complaints
        self._backoff = Backoff(lambda: 0.5)
        self._untimed = UntimedEvents(store.untimed())
        self._inbox = Inbox(store, letters, ANY_ORDER, self._untimed.gets_its_time)
        self._group = EventGroup()
        self._pending = 0
        self._end = end
        self._began = self._moved_at = self._first_at = self._expire_at = clock.now()

    @property
    def counts(self) -> InboxCounts:
        """Return how often what has happened."""
        return self._inbox.counts

    def run(self) -> None:
        """Follow the source until the end; raise StoreUnavailable if the store is away then."""
        while not (self._is_over() or self._is_quiet()):
            self.step()
        self._commit()

    def step(self) -> None:
        """Take what arrives within a moment; commit if it is time."""
        deliveries = self._source.receive(IDLE if self._pending else WAIT)
        now = self._clock.now()
        if deliveries:
            self._moved_at = now
            self._first_at = self._first_at if self._pending else now
        for event in self._inbox.take(deliveries, now):
            self._group.take(event)
            self._untimed.add(event)
        self._pending += len(deliveries)
        if not deliveries or self._pending >= LARGEST_GROUP or now - self._first_at >= LINGER:
            self._commit()
            self._expire(now)

    def _commit(self) -> None:
        group, self._group = self._group, EventGroup()
        timed = self._untimed.timed()
        if group or self._pending:
            self._insist(lambda: self._add(group, timed))
        self._source.acknowledge(self._inbox.settle())
        self._inbox.missing()  # counts it
        if self._pending:
            self._moved_at = self._clock.now()  # the wait for a store is not quiet
        self._pending = 0

    def _add(self, group: EventGroup, timed: list[tuple[str, int]]) -> None:
        with self._store.transaction():
            self._store.add(group, timed)
            self._inbox.save()

    def _expire(self, now: float) -> None:
        if now >= self._expire_at:
            self._expire_at = now + EXPIRY
            self._insist(lambda: self._store.expire(limits(self._keep, now)))

    def _insist(self, action: Callable[[], None]) -> None:
        """Do something with the store, as often as it takes; raise StoreUnavailable at the end."""
        while True:
            try:
                action()
            except StoreUnavailable as error:
                if self._is_over():
                    raise
                self._complaints.add(f"{error}; trying again")
                self._clock.sleep(self._backoff.next())
            else:
                self._backoff.reset()
                self._complaints.end()
                return

    def _is_over(self) -> bool:
        return self._clock.now() - self._began >= self._end.after

    def _is_quiet(self) -> bool:
        return self._clock.now() - self._moved_at > self._end.quiet
