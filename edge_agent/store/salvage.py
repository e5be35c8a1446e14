"""A damaged database is set aside, never deleted; what can be read goes on in a fresh one.

Offsets go on far behind any that may have been used, for a damaged file can have lost commits that
a subscriber already knows; the hole is told in a gap event.
"""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.clock import Clock
from edge_agent.events import gap, lifecycle
from edge_agent.store.event_log import LAST, EventLog
from edge_agent.store.retention import ranges
from edge_agent.store.soundness import SOUND, SOUND_STATE, is_damage

HOLE = 1_000_000  # at least; a disk that goes back in time must not see the same offsets twice
STRIDE = 512
ANY_KIND = ""  # of an event that cannot be read
ROWS = f"""
SELECT "offset", time, boot, uptime, kind, source, data FROM event
WHERE "offset" BETWEEN ? AND ? AND {SOUND} ORDER BY "offset"
"""  # noqa: S608
ACCOUNTS = """
SELECT sink, kinds, start, "offset", delivered, configured FROM account
WHERE typeof(sink) = 'text' AND json_valid(kinds) AND typeof(start) = 'integer'
AND typeof("offset") = 'integer' AND typeof(delivered) = 'integer'
"""
CURSORS = """
SELECT sink, '[]', "offset", "offset", 0, FALSE FROM cursor
WHERE typeof(sink) = 'text' AND typeof("offset") = 'integer'
"""  # of a log from before there were accounts
BOOTS = "SELECT number, id FROM boot WHERE typeof(id) = 'text'"
LOSSES = """
SELECT sink, fate, reason, count FROM loss
WHERE typeof(reason) = 'text' AND typeof(count) = 'integer'
"""
STATES = f"SELECT name, data FROM saved_state WHERE {SOUND_STATE}"  # noqa: S608
ROW = "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)"


class Remains(NamedTuple):
    """What could be read of a damaged log."""

    id: str | None
    accounts: list[tuple[Any, ...]]
    losses: list[tuple[Any, ...]]
    boots: list[tuple[int, str]]
    states: list[tuple[str, str]]
    last: int

    @property
    def cursors(self) -> list[int]:
        """Return how far each sink owns the events."""
        return [account[3] for account in self.accounts]


def open_log(path: Path, clock: Clock) -> EventLog:
    """Open the event log; salvage it where it is damaged. Raises LogError where it cannot be."""
    try:
        return EventLog.open(path, boot=clock.boot)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return salvage(path, clock)


def salvage(path: Path, clock: Clock) -> EventLog:
    """Set the damaged file aside and start a fresh one with everything that can be read."""
    aside = set_aside(path)
    log = EventLog.open(path, boot=clock.boot)
    old = sqlite3.connect(f"file:{aside}?mode=ro", uri=True, isolation_level=None)
    try:
        with log.transaction():
            restore(log, old, clock, aside.name)
    finally:
        old.close()
    return log


def set_aside(path: Path) -> Path:
    """Rename the database and its companions to the first free `.damaged-<n>`."""
    taken = range(1, 10_000)
    name = next(f"{path}.damaged-{n}" for n in taken if not Path(f"{path}.damaged-{n}").exists())
    for suffix in ("-wal", "-shm", ""):
        companion = Path(f"{path}{suffix}")
        if companion.exists():
            companion.rename(f"{name}{suffix}")
    return Path(name)


def restore(log: EventLog, old: sqlite3.Connection, clock: Clock, aside: str) -> None:
    """Copy what is readable, jump the offsets, and account for what is missing."""
    remains = inspect(old)
    found = list(copy_rows(log, old, remains.last))
    last = max([remains.last, *found, *remains.cursors])
    owned = min(remains.cursors, default=0)
    missing = sorted(set(range(max(owned, min(found, default=1) - 1) + 1, last + 1)) - set(found))
    hole = HOLE + random.randrange(HOLE)  # noqa: S311 - no secret
    copy_facts(log, remains, last + hole)
    lost = [*ranges(missing), (last + 1, last + hole)]
    log.account.drop([(offset, ANY_KIND) for offset in missing], "damaged")
    now = clock.now()
    log.append(
        [
            gap(now, "damaged", lost, len(missing)),
            lifecycle(now, "log_salvaged", rows=len(found), set_aside=aside),
        ]
    )


def inspect(old: sqlite3.Connection) -> Remains:
    """Read the small tables, each for itself: one page may be gone and the next one sound."""
    return Remains(
        next(
            (row[0] for row in _readable(old, "SELECT id FROM log WHERE typeof(id) = 'text'")), None
        ),
        _readable(old, ACCOUNTS) or _readable(old, CURSORS),
        _readable(old, LOSSES),
        _readable(old, BOOTS),
        _readable(old, STATES),
        max((row[0] for row in _readable(old, LAST)), default=0),
    )


def _readable(old: sqlite3.Connection, sql: str, parameters: Any = ()) -> list[Any]:  # noqa: ANN401
    try:
        return old.execute(sql, parameters).fetchall()
    except sqlite3.DatabaseError:
        return []


def copy_rows(log: EventLog, old: sqlite3.Connection, last: int) -> Iterator[int]:
    """Copy readable rows, stride by stride; yield their offsets."""
    ends = _readable(old, 'SELECT min("offset"), max("offset") FROM event')
    first, newest = ends[0] if ends and ends[0][0] is not None else (1, last)
    for start in range(first, max(newest, last) + 1, STRIDE):
        for row in _stride(old, start):
            log.execute(ROW, row)
            yield row[0]


def _stride(old: sqlite3.Connection, start: int) -> list[Any]:
    """Return one stride at once, or row by row where a page in it is damaged."""
    try:
        return old.execute(ROWS, (start, start + STRIDE - 1)).fetchall()
    except sqlite3.DatabaseError:
        offsets = range(start, start + STRIDE)
        return [row for offset in offsets for row in _readable(old, ROWS, (offset, offset))]


def copy_facts(log: EventLog, remains: Remains, last: int) -> None:
    """Carry identity, accounts and saved states over; let offsets go on behind `last`."""
    if remains.id:
        log.execute("UPDATE log SET id = ?", (remains.id,))
        log.id = remains.id
    for account in remains.accounts:
        log.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?)", account)
    for loss in remains.losses:
        log.execute("INSERT OR IGNORE INTO loss VALUES (?, ?, ?, ?)", loss)
    for number, boot in remains.boots:
        log.execute("INSERT OR IGNORE INTO boot VALUES (?, ?)", (number, boot))
    for name, data in remains.states:
        log.save_state(name, data)
    log.execute(
        "INSERT INTO sqlite_sequence SELECT 'event', 0 WHERE NOT EXISTS"
        " (SELECT 1 FROM sqlite_sequence WHERE name = 'event')"
    )
    log.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'", (last,))
