"""The account of each sink: recorded = delivered + waiting + refused + dropped, at every moment.

`recorded` are the events of the kinds that a sink wants, since it began. An event waits until the
sink's cursor has passed it; then it is delivered, or was refused by the destination. What the agent
itself gives up for a sink (a full disk, a full log, damage) is dropped.

Counts come from the rows that a cursor passes, not from the forwarder's word: a cursor that moves
twice over the same events counts them once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from edge_agent.events import KINDS, CursorMove, LoggedEvent, Subscription
from edge_agent.store.absence import note_missed, take_missed
from edge_agent.store.gaps import Missing, Ranges, merged
from edge_agent.store.saved import read_saved, write_saved
from edge_agent.store.sink_account import SinkAccount
from edge_agent.store.tally import LAST_POSSIBLE, Execute, count, kinds_json


def _json(values: list[Any]) -> str:
    return msgspec.json.encode(values).decode()


UNACCOUNTED = "store/unaccounted"  # the saved state that names ranges lost with the accounts
LOSSES_AGAIN = "store/losses"  # the saved state that repeats them: a damaged page costs one copy
NOT_CONFIGURED = "not configured"
NOT_RECORDED = "disk_full"  # events that never had an offset
OTHER = "other reasons"
REASONS = 20  # of one sink: a destination's words must not fill the table
REASON_LENGTH = 120

FIRST = 'SELECT min("offset") FROM event'
ACCOUNTS = 'SELECT sink, kinds, start, "offset", delivered, configured FROM account ORDER BY sink'
LOSSES = "SELECT sink, fate, reason, count FROM loss ORDER BY sink, fate, reason"
COUNTED = """
SELECT coalesce(sum(count), 0) FROM loss WHERE sink = ? AND fate = 'dropped' AND reason != ?
"""
REFUSED = """
SELECT "offset" FROM event
WHERE "offset" > ? AND "offset" <= ? AND "offset" IN (SELECT value FROM json_each(?))
AND kind IN (SELECT value FROM json_each(?)) ORDER BY "offset"
"""
NEW = "INSERT INTO account VALUES (?, ?, ?, ?, 0, TRUE)"
KNOWN = "UPDATE account SET kinds = ?, configured = TRUE WHERE sink = ?"
ABSENT = """
UPDATE account SET configured = FALSE WHERE sink NOT IN (SELECT value FROM json_each(?))
"""
MOVE = 'UPDATE account SET "offset" = ?, delivered = delivered + ? WHERE sink = ?'
LOSE = """
INSERT INTO loss VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count
"""


class _Row(NamedTuple):
    sink: str
    kinds: str  # JSON
    start: int
    cursor: int
    delivered: int
    configured: int

    def wants(self, offset: int, kind: str) -> bool:
        """Return whether the event waits for the sink."""
        return offset > self.cursor and f'"{kind}"' in self.kinds

    def passed_by(self, execute: Execute, upto: int) -> int:
        """Return how many events lie between the cursor and `upto`, of the kinds it wants."""
        return count(execute, self.kinds, self.cursor, upto)


def read_accounts(execute: Execute) -> dict[str, SinkAccount]:
    """Return the accounts of all sinks that ever were, by name."""
    losses = execute(LOSSES, ())
    return {row.sink: _account(execute, row, losses) for row in _rows(execute)}


def _account(execute: Execute, row: _Row, losses: Iterable[tuple[Any, ...]]) -> SinkAccount:
    found: dict[str, dict[str, int]] = {"refused": {}, "dropped": {}}
    for sink, fate, reason, lost in losses:
        if sink == row.sink:
            found[fate][reason] = lost
    waiting = row.passed_by(execute, LAST_POSSIBLE)
    return SinkAccount(
        row.sink,
        row.start,
        row.cursor,
        row.delivered,
        waiting,
        **found,
        configured=bool(row.configured),
        kinds=tuple(kind for kind in sorted(KINDS) if f'"{kind}"' in row.kinds),
    )


def _rows(execute: Execute) -> list[_Row]:
    return [_Row(*row) for row in execute(ACCOUNTS, ())]


class Account:
    """Keeps the accounts, within the transactions of the log that `execute` writes to."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute

    def register(self, subscriptions: Iterable[Subscription], last: int) -> list[Missing]:
        """Open an account for each new sink; those that are not named are not waited for.

        A sink that starts "now" starts behind `last`, the log's last offset, any other one before
        the first event that the log still has or whose loss it knows of. Return what the sinks that
        are named again have missed.
        """
        known = {row.sink for row in _rows(self._execute)}
        names = []
        for sink, kinds, start in subscriptions:
            names.append(sink)
            wanted = kinds_json(kinds)
            if sink in known:
                self._execute(KNOWN, (wanted, sink))
            else:
                begin = last if start == "now" else self.first(last) - 1
                self._execute(NEW, (sink, wanted, begin, begin))
                lost = self._lost_behind(begin) - self._counted(sink)
                self._lose(sink, "dropped", "damaged", max(lost, 0))
        self._execute("DELETE FROM saved_state WHERE name = ?", (UNACCOUNTED,))
        self._execute(ABSENT, (_json(names),))
        return take_missed(self._execute, names)

    def move(self, move: CursorMove) -> list[int]:
        """Move a cursor; return the offsets that the destination refused, ascending.

        A cursor never goes back; what lies behind it already is counted already. A move past
        other kinds than those of the account comes from before a reload: it does not count, and
        the events are delivered again.
        """
        row = next((row for row in _rows(self._execute) if row.sink == move.sink), None)
        if row is None or move.offset <= row.cursor or row.kinds != kinds_json(move.kinds):
            return []
        passed = row.passed_by(self._execute, move.offset)
        refused = self._refused(row, move)
        self._execute(MOVE, (move.offset, passed - len(refused), move.sink))
        for reason, lost in Counter(move.refused[offset] for offset in refused).items():
            self._lose(move.sink, "refused", reason, lost)
        return refused

    def drop(self, events: Collection[LoggedEvent], reason: str) -> list[int]:
        """Count the loss of events; return the offsets, ascending, that a sink waits for."""
        awaited: set[int] = set()
        for row in _rows(self._execute):
            lost = [event.offset for event in events if row.wants(event.offset, event.kind)]
            if row.configured:
                self._lose(row.sink, "dropped", reason, len(lost))
                awaited.update(lost)
            elif lost:
                self._miss(row.sink, Missing(min(lost), max(lost), len(lost)))
        return sorted(awaited)

    def drop_unread(self, ranges: Iterable[tuple[int, int]], reason: str) -> None:
        """Count the loss of what had offsets in these ranges; its kinds are not known."""
        lost = list(ranges)
        for row in _rows(self._execute):
            here = sum(max(last - max(first, row.cursor + 1) + 1, 0) for first, last in lost)
            self._lose(row.sink, "dropped", reason, here)

    def note_lost(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Let accounts that are opened next, as theirs are lost, count what had these offsets."""
        lost = merged([*self._unaccounted(), *ranges])
        if lost:
            write_saved(self._execute, UNACCOUNTED, _json(lost))

    def drop_history(self, last: int) -> None:
        """Count what goes with the history up to `last`: the events of sinks not configured."""
        for row in _rows(self._execute):
            if not row.configured and row.cursor < last:
                lost = row.passed_by(self._execute, last)
                self._miss(row.sink, Missing(row.cursor + 1, last, lost))
                self._execute(MOVE, (last, 0, row.sink))  # a salvage must not count it again

    def drop_unrecorded(self, kinds: Mapping[str, int], reason: str) -> None:
        """Count events that were lost before the log had them: how many of each kind."""
        for row in _rows(self._execute):
            if row.configured:
                lost = sum(count for kind, count in kinds.items() if f'"{kind}"' in row.kinds)
                self._lose(row.sink, "dropped", reason, lost)

    def owned(self, last: int, kinds: Collection[str] = ()) -> int:
        """Return the offset up to which no event waits for a configured sink; `last` if none does.

        With `kinds`, only the sinks count that want all of these.
        """
        rows = [row for row in _rows(self._execute) if row.configured]
        wanting = [row for row in rows if all(f'"{kind}"' in row.kinds for kind in kinds)]
        return min((row.cursor for row in wanting), default=last)

    def first(self, last: int) -> int:
        """Return the first offset, up to `last`, whose event the log has or knows to be lost."""
        ((first,),) = self._execute(FIRST, ())
        return min([first or last + 1, *(first for first, _ in self._unaccounted())])

    def _lost_behind(self, start: int) -> int:
        """Return how many offsets behind `start` were lost together with the accounts."""
        return sum(max(last - max(first - 1, start), 0) for first, last in self._unaccounted())

    def _counted(self, sink: str) -> int:
        """Return how many offsets the losses name that were found though the account was not."""
        ((counted,),) = self._execute(COUNTED, (sink, NOT_RECORDED))
        return int(counted)

    def _unaccounted(self) -> list[tuple[int, int]]:
        saved = read_saved(self._execute, UNACCOUNTED)
        return [] if saved is None else msgspec.json.decode(saved, type=Ranges)

    def _refused(self, row: _Row, move: CursorMove) -> list[int]:
        if not move.refused:
            return []
        offsets = _json(sorted(move.refused))
        found = self._execute(REFUSED, (row.cursor, move.offset, offsets, row.kinds))
        return [offset for (offset,) in found]

    def _miss(self, sink: str, missed: Missing) -> None:
        if missed.lost:
            note_missed(self._execute, sink, missed)
            self._lose(sink, "dropped", NOT_CONFIGURED, missed.lost)

    def _lose(self, sink: str, fate: str, reason: str, count: int) -> None:
        if count:
            self._execute(LOSE, (sink, fate, self._bounded(sink, fate, reason), count))
            write_saved(self._execute, LOSSES_AGAIN, _json(self._execute(LOSSES, ())))

    def _bounded(self, sink: str, fate: str, reason: str) -> str:
        cut = reason[:REASON_LENGTH]
        known = {row[2] for row in self._execute(LOSSES, ()) if row[:2] == (sink, fate)}
        return cut if cut in known or len(known) < REASONS else OTHER
