"""The events of one log: which are done, and which wait for a lower one."""

from collections.abc import Iterator
from typing import NamedTuple

from consumers.inbox.done import DoneOffsets
from consumers.received_event import ReceivedEvent


class HeldEvent(NamedTuple):
    """An event that waits; `delivery` is its number among all of the source."""

    event: ReceivedEvent
    delivery: int


class LogInbox:
    """Puts the events of one log in order.

    An event above a hole waits for what is missing. Once a hole has outlived the patience, the log
    `waits` no longer, for holes are usual in it: its sink delivers some kinds only, or others
    share the work. It waits again after an event has come late.
    """

    def __init__(self, done: DoneOffsets) -> None:
        self.node = ""  # as the latest event names it
        self.done = done
        self.reached = done.highest  # no event up to here is waited for
        self.waits = True
        self._held: dict[int, HeldEvent] = {}

    @property
    def holds(self) -> bool:
        """Return whether an event waits."""
        return bool(self._held)

    def knows(self, offset: int) -> bool:
        """Return whether an event is done or waits."""
        return offset in self.done or offset in self._held

    def is_next(self, event: ReceivedEvent) -> bool:
        """Return whether an event follows what has come so far, and nothing waits."""
        return event.offset - 1 == self.reached and not self._held and event.node == self.node

    def has_hole_below(self, offset: int) -> bool:
        """Return whether something is missing that may still come."""
        return self.reached is not None and offset > self.reached + 1

    def hold(self, held: HeldEvent) -> None:
        """Let an event wait."""
        self._held[held.event.offset] = held

    def reach(self, offset: int) -> None:
        """Wait for nothing up to here any more."""
        self.reached = offset if self.reached is None else max(self.reached, offset)

    def pass_over(self, offset: int) -> None:
        """Do not wait for an offset that has arrived as a dead letter."""
        if not self.has_hole_below(offset):
            self.reach(offset)

    def in_order(self) -> Iterator[HeldEvent]:
        """Yield and remove what need not wait any more."""
        while self._held and not self.has_hole_below(lowest := min(self._held)):
            yield self._held.pop(lowest)

    def all_held(self) -> Iterator[HeldEvent]:
        """Yield and remove what waits, in order."""
        for offset in sorted(self._held):
            yield self._held.pop(offset)
