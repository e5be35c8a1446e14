"""Events that wait for their time, because their node's clock was not set yet."""

from collections.abc import Iterable

from consumers.received_event import ReceivedEvent

MOST = 100_000  # some 15 MB; an event beyond it keeps waiting if its time comes


class UntimedEvents:
    """Knows which events wait for their time, and which of them have got it in this group."""

    def __init__(self, waiting: Iterable[tuple[str, int]]) -> None:
        """Take the log and offset of each that waits."""
        self._waiting = set(waiting)
        self._timed: list[tuple[str, int]] = []

    def gets_its_time(self, event: ReceivedEvent) -> bool:
        """Return whether an event waited for its time, and has it now."""
        id_ = event.log, event.offset
        if not event.trusted or id_ not in self._waiting:
            return False
        self._waiting.discard(id_)
        self._timed.append(id_)
        return True

    def add(self, event: ReceivedEvent) -> None:
        """Let an event wait, if it has no true time."""
        if not event.trusted and len(self._waiting) < MOST:
            self._waiting.add((event.log, event.offset))

    def timed(self) -> list[tuple[str, int]]:
        """Return those that have got their time since the last call."""
        timed, self._timed = self._timed, []
        return timed
