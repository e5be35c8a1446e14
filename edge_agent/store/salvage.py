"""What can be read of a damaged database is copied to a fresh one; the old one is never deleted.

Offsets continue far above any that may have been used, for a damaged file can have lost commits
that a subscriber already knows; a gap event names the hole.
"""

import random
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edge_agent.clock import Clock, Moment
from edge_agent.events import lifecycle
from edge_agent.store.account import LOSSES_AGAIN
from edge_agent.store.connection import connect
from edge_agent.store.copying import copy_leaves, copy_rows
from edge_agent.store.event_log import EventLog
from edge_agent.store.gaps import Missing, Ranges, Reported, all_of, merged, report
from edge_agent.store.log_connection import Progress, read_only
from edge_agent.store.mark import MarkFile
from edge_agent.store.migrations import migrate
from edge_agent.store.readable import ReadableRows, readable
from edge_agent.store.replacement import complete, discard, unfinished
from edge_agent.store.soundness import (
    SOUND_ACCOUNT,
    SOUND_BOOT,
    SOUND_ID,
    SOUND_LOSS,
    SOUND_SEQUENCE,
    SOUND_STATE,
    SOUND_VACANT,
)
from edge_agent.store.tally import enter
from edge_agent.store.vacant import VacantRange

HOLE = 1_000_000  # at least; a disk that goes back in time must not see the same offsets twice
ACCOUNTS = f"""
SELECT sink, kinds, start, "offset", delivered, configured IS TRUE FROM account
WHERE {SOUND_ACCOUNT}
"""  # noqa: S608
CURSORS = f"""
SELECT * FROM (
    SELECT sink, '[]' AS kinds, "offset" AS start, "offset", 0 AS delivered, FALSE FROM cursor
) WHERE {SOUND_ACCOUNT}
"""  # noqa: S608 - of a log from before there were accounts
BOOTS = f"SELECT number, id FROM boot WHERE {SOUND_BOOT}"  # noqa: S608
LOSSES = f"SELECT sink, fate, reason, count FROM loss WHERE {SOUND_LOSS}"  # noqa: S608
LAST_OFFSETS = f"""
SELECT seq FROM sqlite_sequence WHERE name = 'event' AND {SOUND_SEQUENCE}
"""  # noqa: S608
VACANT = f"SELECT first, last, lost FROM vacant WHERE {SOUND_VACANT}"  # noqa: S608
STATES = f"SELECT name, data FROM saved_state WHERE {SOUND_STATE}"  # noqa: S608
STATE = f"SELECT data FROM saved_state WHERE name = ? AND {SOUND_STATE}"  # noqa: S608
REPORTED = """
SELECT data FROM event
WHERE kind = 'gap'
AND data->>'reason' NOT LIKE 'rejected by %'  -- what one sink refused is still there
"""


class Remains(NamedTuple):
    """What could be read of a damaged log."""

    id: str
    accounts: list[tuple[Any, ...]]
    losses: list[tuple[Any, ...]]
    boots: list[tuple[int, str]]
    states: list[tuple[str, str]]
    vacant: list[VacantRange]
    last: int

    @property
    def cursors(self) -> list[int]:
        """Return how far each sink owns the events."""
        return [account[3] for account in self.accounts]

    @property
    def accounted(self) -> Ranges:
        """Return the vacant offsets."""
        return [(one.first, one.last) for one in self.vacant]

    @property
    def empty(self) -> Ranges:
        """Return the vacant offsets whose events no sink waited for, if there were any."""
        return [(one.first, one.last) for one in self.vacant if not one.lost]

    def owned(self, trimmed: int) -> int:
        """Return up to where no event is missed; `trimmed` if it may have left the log before."""
        configured = [account[3] for account in self.accounts if account[5]]
        return min(configured, default=max(min(self.cursors, default=0), trimmed))


class Damaged(NamedTuple):
    """The file of a damaged log, and how the new one will name it."""

    path: Path
    aside: Path


def rescue(path: Path, damaged: Damaged, mark: MarkFile, clock: Clock, progress: Progress) -> None:
    """Build a complete new database of what can be read of a damaged one.

    The log at `path` stays as it is until the new one takes its place. A long log takes minutes:
    `progress` is called meanwhile. Raises sqlite3.Error or OSError if the disk does not take the
    new database.
    """
    discard(path)
    connection = connect(unfinished(path), progress)
    try:
        migrate(connection, str(path))
        log = EventLog(unfinished(path), connection, mark, boot=clock.boot)
        with closing(read_only(damaged.path)) as old:
            old.report_progress_to(progress)
            restore(log, old, damaged, clock, progress)
        mark.note(reserved=log.last_offset())  # it may end here, and nothing is lost
        connection.execute("PRAGMA journal_mode = DELETE")  # all of it is in one file now
    finally:
        connection.close()
    complete(path)


def restore(
    log: EventLog, old: sqlite3.Connection, damaged: Damaged, clock: Clock, progress: Progress
) -> None:
    """Copy what is readable, jump the offsets, and account for what is missing."""
    remains = inspect(old, log.mark)
    found = copy_rows(log, ReadableRows(old, damaged.path, progress), remains.last)
    begin = remains.owned(0)
    end = max([remains.last, *_last(found), *remains.cursors, log.mark.value.reserved])
    accounted = [*_named(_reported(log)), *remains.accounted]
    below = holes(begin, end, [*found, *accounted])
    found = merged([*found, *copy_leaves(log, damaged.path, below, progress)])
    with log.transaction(noted=False):
        account(log, remains, found, damaged.aside.name, clock.now())


def account(log: EventLog, remains: Remains, found: Ranges, aside: str, now: Moment) -> None:
    """Carry over what a log knows beside its events, and report which of these are missing."""
    last = max([remains.last, *_last(found), *(remains.cursors or [log.mark.value.given])])
    begin = remains.owned(found[0][0] - 1 if found else 0)
    reported = _reported(log)
    missing = holes(begin, last, [*found, *_named(reported), *remains.accounted])
    copy_facts(log, remains)
    first = min(log.account.first(last) - 1, begin)
    left_out = [one for each in reported for one in each.left_out]
    log.account.note_lost(holes(first, last, [*found, *left_out, *remains.empty]))
    log.skip_to(max(last, log.mark.value.reserved) + random_hole())
    log.account.drop_unread(missing, "damaged")
    log.vacant.note(missing, lost=True)
    log.vacant.note([(last + 1, log.last_offset())], lost=False)
    gone = [*all_of(missing), Missing(last + 1, log.last_offset(), 0)]
    rows = sum(one - first + 1 for first, one in found)
    note = lifecycle(now, "log_salvaged", rows=rows, set_aside=aside)
    log.append([*report(now, "damaged", gone, log=remains.id), note])
    enter(log.execute, log.last_offset())


def _last(found: Ranges) -> list[int]:
    return [last for _, last in found[-1:]]


def random_hole() -> int:
    """Return how many offsets to leave out, so that none can have been given before."""
    return HOLE + random.randrange(HOLE)  # noqa: S311 - no secret


def holes(begin: int, last: int, covered: Iterable[tuple[int, int]]) -> Ranges:
    """Return what lies behind `begin` and up to `last` in none of the covered ranges."""
    found = []
    for start, end in [*sorted(covered), (last + 1, last + 1)]:
        if start > begin + 1:
            found.append((begin + 1, min(start - 1, last)))
        begin = max(begin, end)
        if begin >= last:
            break
    return found


def _reported(log: EventLog) -> list[Reported]:
    """Return what gap events have reported already."""
    found = []
    for (data,) in log.execute(REPORTED):
        with suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(data, type=Reported))
    return found


def _named(reported: Iterable[Reported]) -> Ranges:
    return [one for each in reported for one in each.ranges]


def inspect(old: sqlite3.Connection, mark: MarkFile) -> Remains:
    """Read the small tables, each for itself: one page may be gone and the next one sound."""
    ids = readable(old, f"SELECT id FROM log WHERE {SOUND_ID}")  # noqa: S608
    return Remains(
        ids[0][0] if ids else mark.value.log,
        readable(old, ACCOUNTS) or readable(old, CURSORS),
        _losses(old),
        readable(old, BOOTS),
        readable(old, STATES),
        [VacantRange(*row) for row in readable(old, VACANT)],
        max((row[0] for row in readable(old, LAST_OFFSETS)), default=0),
    )


def _losses(old: sqlite3.Connection) -> list[tuple[str, str, str, int]]:
    """Return the losses from their second copy, or what can be read of the first one."""
    for (data,) in readable(old, STATE, (LOSSES_AGAIN,)):
        with suppress(msgspec.MsgspecError):
            return msgspec.json.decode(data, type=list[tuple[str, str, str, int]])
    return readable(old, LOSSES)


def copy_facts(log: EventLog, remains: Remains) -> None:
    """Carry identity, accounts, vacant offsets and saved states over."""
    if remains.id:
        log.execute("UPDATE log SET id = ?", (remains.id,))
    for account in remains.accounts:
        log.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?)", account)
    for loss in remains.losses:
        log.execute("INSERT OR IGNORE INTO loss VALUES (?, ?, ?, ?)", loss)
    for each in remains.vacant:
        log.execute("INSERT OR IGNORE INTO vacant VALUES (?, ?, ?)", each)
    for number, boot in remains.boots:
        log.execute("INSERT OR IGNORE INTO boot VALUES (?, ?)", (number, boot))
    for name, data in remains.states:
        log.save_state(name, data)
