"""Whether an event, and not the connection, is why a broker hangs up.

Some brokers close the connection when a message is too large, and say nothing. So does a link that
breaks, or a broker that restarts: those pass, and must not cost an event.
"""

import time
from collections.abc import Callable, Sequence
from itertools import chain

from edge_agent.deliver.envelope import OVERHEAD
from edge_agent.deliver.mqtt.lost import Cause
from edge_agent.events import LoggedEvent

TIMES = 10  # in a row
SECONDS = 300.0  # from the first time to the last, unless the broker is known for it
ENDED_BY_BROKER = {"hung up", "message"}
SMALLER = 2  # how many times smaller an event is that shows that the way is open


class HangUps:
    """Counts for one event how often the broker closed right after it, sent alone.

    Only what follows the acknowledgement of a smaller event on the same topic counts: the client
    may publish there, and the connection works. Anything else begins the count again.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._offset: int | None = None
        self._count = 0
        self._began = 0.0
        self._open = False  # a smaller event was acknowledged since the last time
        self._again = False  # it was sent alone before
        self._known = 0  # a size that the broker did not take in all that time

    def suspects(self, event: LoggedEvent) -> bool:
        """Return whether this event is to be sent alone."""
        return event.offset == self._offset

    @property
    def wants_smaller(self) -> bool:
        """Return whether a smaller event has to pass first: not after a single loss."""
        return self._again and not self._open

    def passed(self, groups: Sequence[Sequence[LoggedEvent]]) -> None:
        """Note what the broker took."""
        if self._offset is None and not self._known:
            return
        for event in chain.from_iterable(groups):
            if self.suspects(event):
                self._suspect(None)
            if 0 < self._known <= len(event.data):
                self._known = 0

    def passed_smaller(self) -> None:
        """Note that a smaller event for the same topic was acknowledged."""
        self._open = True

    def doubt(self) -> None:
        """Begin the count again: it is not the event alone."""
        self._count, self._open = 0, False

    def reason(self, event: LoggedEvent, loss: Cause, *, alone: bool) -> str:
        """Return why the broker does not take an event that was sent first, as far as it is known.

        `loss` is how the connection ended.
        """
        if loss not in ENDED_BY_BROKER:
            self.doubt()
        elif not alone or not self.suspects(event):
            self._suspect(event.offset)
        elif loss == "message":
            return "the broker ends the connection because of it"
        elif self._is_proven(len(event.data)):
            return "the broker hangs up on it"
        return ""

    def _suspect(self, offset: int | None) -> None:
        if offset != self._offset:
            self._offset, self._again = offset, False
            self.doubt()

    def _is_proven(self, size: int) -> bool:
        self._again = True
        if not self._open:
            return False
        now = self._monotonic()
        self._began = self._began if self._count else now
        self._count, self._open = self._count + 1, False
        lasting = now - self._began >= SECONDS or 0 < self._known <= size
        if self._count < TIMES or not lasting:
            return False
        self._known = min(self._known or size, size)
        return True


def smaller(
    batch: Sequence[LoggedEvent], topic: Callable[[LoggedEvent], str]
) -> LoggedEvent | None:
    """Return an event for the topic of the first one, if one is much smaller."""
    first, *others = batch
    found = [one for one in others if topic(one) == topic(first)]
    least = min(found, key=lambda one: len(one.data), default=first)
    return least if (len(least.data) + OVERHEAD) * SMALLER <= len(first.data) else None
