"""The logs that a consumer knows, and the progress in them."""

from collections import OrderedDict
from collections.abc import Iterable

from consumers.inbox.done import DoneOffsets
from consumers.inbox.log_inbox import LogInbox
from consumers.inbox.progress import DoneRange, ProgressChanges
from consumers.ranges import Range, Room


class KnownLogs:
    """At most `most` logs; for a new one beyond that, the one that was silent longest is forgotten.

    All logs together have at most `ranges` ranges of done offsets.
    """

    def __init__(self, most: int, ranges: int, saved: Iterable[DoneRange]) -> None:
        self._most = most
        self._room = Room(ranges)
        self._gone: list[tuple[str, int]] = []  # of logs that are forgotten
        self._changed: dict[str, LogInbox] = {}
        by_log: dict[str, list[Range]] = {}
        for log, first, last in saved:
            by_log.setdefault(log, []).append((first, last))
        self._logs = OrderedDict(
            (log, LogInbox(DoneOffsets(self._room, found))) for log, found in by_log.items()
        )

    def get(self, log: str) -> LogInbox | None:
        """Return a log if it is known."""
        return self._logs.get(log)

    def use(self, log: str) -> LogInbox:
        """Return a log; it is known from now on, and not silent."""
        found = self._logs.get(log)
        if found is None:
            if len(self._logs) >= self._most:
                self._forget_one()
            found = self._logs[log] = LogInbox(DoneOffsets(self._room))
        self._logs.move_to_end(log)
        return found

    def extend(self, log: str, offset: int) -> bool:
        """Note that an event is done if it follows the highest of its log; return whether so."""
        found = self._logs[log]
        if not found.done.extend(offset):
            return False
        found.reached = offset
        self._logs.move_to_end(log)
        self._changed[log] = found
        return True

    def finish(self, log: str, offset: int) -> None:
        """Note that an event is done."""
        found = self._logs[log]
        while not found.done.add(offset) and self._forget_one(log):
            pass
        self._changed[log] = found

    def reopen(self, log: str, offset: int) -> None:
        """Note that an event is not done after all."""
        if found := self._logs.get(log):
            found.done.discard(offset)
            self._changed[log] = found

    def changes(self) -> ProgressChanges:
        """Return what has changed since the last `saved`."""
        gone, grown = list(self._gone), []
        for log, found in self._changed.items():
            less, more = found.done.changes(log)
            gone += less
            grown += more
        return ProgressChanges(gone, grown)

    def saved(self) -> None:
        """Note that the changes are stored."""
        for found in self._changed.values():
            found.done.saved()
        self._changed.clear()
        self._gone.clear()

    def _forget_one(self, keep: str = "") -> bool:
        """Forget the log that was silent longest; one with events that wait is not forgotten."""
        idle = (name for name, one in self._logs.items() if name != keep and not one.holds)
        log = next(idle, None)
        if log is None:
            return False
        self._gone += self._logs.pop(log).done.forget(log)
        self._changed.pop(log, None)
        return True
