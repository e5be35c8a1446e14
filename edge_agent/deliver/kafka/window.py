"""Which events are on their way, and what became of them: confirmations are counted by id."""

from collections.abc import Sequence
from typing import TypeAlias

from edge_agent.events import LoggedEvent

# What became of events, by offset: Kafka's name of the reason, empty for one that is stored.
Outcomes: TypeAlias = dict[int, str]


class DeliveryWindow:
    """Events by their offset: sent at a moment, confirmed, or failed for a reason."""

    def __init__(self) -> None:
        self._sent: dict[int, float] = {}
        self._confirmed: set[int] = set()
        self._failed: dict[int, str] = {}

    def begin(self, first: int) -> None:
        """Forget what lies before an offset, and what has failed: it may be sent again."""
        self._confirmed = {offset for offset in self._confirmed if offset >= first}
        self._sent = {offset: at for offset, at in self._sent.items() if offset >= first}
        self._failed.clear()

    def unsent(self, batch: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        """Return the events that are neither on their way nor confirmed."""
        known = self._sent.keys() | self._confirmed
        return [one for one in batch if one.offset not in known]

    def add(self, offset: int, now: float) -> None:
        """Note that an event is on its way."""
        self._sent[offset] = now

    def take(self, outcomes: Outcomes) -> None:
        """Note what became of events that are on their way."""
        for offset, error in outcomes.items():
            if self._sent.pop(offset, None) is None:
                continue  # it was given up meanwhile
            if error:
                self._failed[offset] = error
            else:
                self._confirmed.add(offset)

    def fail(self, offset: int, error: str) -> None:
        """Note why an event could not even be sent."""
        self._failed[offset] = error

    def give_up(self) -> None:
        """Note that nothing is on its way any more."""
        self._sent.clear()

    def settled(self, batch: Sequence[LoggedEvent]) -> int:
        """Return how many leading events are confirmed."""
        for count, event in enumerate(batch):
            if event.offset not in self._confirmed:
                return count
        return len(batch)

    def error(self, offset: int) -> str:
        """Return why an event has failed; empty if it has not."""
        return self._failed.get(offset, "")

    def awaits(self, batch: Sequence[LoggedEvent]) -> bool:
        """Return whether some of these events are on their way."""
        return not self._sent.keys().isdisjoint(one.offset for one in batch)

    @property
    def last(self) -> int:
        """The highest offset that was sent and is not confirmed; 0 if there is none."""
        return max((*self._sent, *self._failed), default=0)

    def age(self, now: float) -> float:
        """Return how many seconds the oldest event is on its way."""
        return now - min(self._sent.values(), default=now)
