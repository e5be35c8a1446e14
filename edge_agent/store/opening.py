"""How the event log is opened: what a stop, a kill or a power cut has left is put right first."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.errors import LogError
from edge_agent.events import gap
from edge_agent.store.event_log import EventLog
from edge_agent.store.mark import MarkFile
from edge_agent.store.replacement import finish, last_aside, next_aside
from edge_agent.store.salvage import rescue
from edge_agent.store.soundness import is_damage, is_passing
from edge_agent.store.spill import Spill, take_in

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between tries; a unit that fails is started again later


def open_log(
    path: Path,
    clock: Clock,
    spill: Spill = Spill(()),  # noqa: B008 - immutable
    pause: Callable[[float], None] = time.sleep,
) -> EventLog:
    """Open the event log, salvage it if it is damaged, take in what the last stop has spilled.

    A lock or an I/O error is waited for, some seconds; LogError is raised if it cannot be opened.
    """
    path = path.resolve()  # a link must not be a second lock of the same log
    for seconds in PAUSES:
        try:
            return _open(path, clock, spill)
        except (sqlite3.Error, OSError, LogError) as error:
            if isinstance(error, LogError) and not is_passing(error.__cause__):
                raise
        pause(seconds)
    try:
        return _open(path, clock, spill)
    except (sqlite3.Error, OSError) as error:
        raise LogError(f"{path}: {error}", "see whether the disk is full or failing") from error


def salvage(path: Path, clock: Clock) -> EventLog:
    """Replace a database that is known to be damaged; raise what the disk raises."""
    path = path.resolve()
    mark = MarkFile.lock(path)
    try:
        finish(path)
        return _replaced(path, path, mark, clock)
    except BaseException:
        mark.close()
        raise


def _open(path: Path, clock: Clock, spill: Spill) -> EventLog:
    mark = MarkFile.lock(path)
    try:
        finish(path)
        log = _sound(path, mark, clock)
    except BaseException:
        mark.close()
        raise
    try:
        take_in(log, spill, clock)
    except BaseException:
        log.abandon()
        raise
    return log


def _sound(path: Path, mark: MarkFile, clock: Clock) -> EventLog:
    aside, expected = last_aside(path), _expected(mark, clock)
    if aside and not path.exists():  # an older version was killed while it salvaged
        return _replaced(path, aside, mark, clock)
    try:
        log = EventLog.under(mark, path, boot=clock.boot)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        return _replaced(path, path, mark, clock)
    if aside and log.is_blank():
        log.disconnect()
        return _replaced(path, aside, mark, clock)
    try:
        _skip(log, expected, clock)
    except BaseException:
        log.disconnect()
        raise
    return log


def _replaced(path: Path, damaged: Path, mark: MarkFile, clock: Clock) -> EventLog:
    aside = next_aside(path) if damaged == path else damaged
    rescue(path, damaged, aside, mark, clock)
    finish(path)
    return EventLog.under(mark, path, boot=clock.boot)


def _expected(mark: MarkFile, clock: Clock) -> int:
    """Return the offset before which a sound log does not end.

    If the agent was killed, but not the system, it is known; otherwise all that is reserved counts.
    """
    known = mark.value
    return known.given if known.boot == clock.boot and not known.closed else known.reserved


def _skip(log: EventLog, expected: int, clock: Clock) -> None:
    """Leave out the offsets that a lost commit, or the log that a copy replaced, may have given."""
    known, last = log.mark.value, log.last_offset()
    if last >= min(expected, known.reserved):  # nothing is reserved in the mark of another log
        return
    given = max(known.reserved if known.closed else known.given, last)
    hole = [(last + 1, known.reserved)]
    with log.transaction():
        log.account.drop_unread([(last + 1, given)], "went_back")
        log.skip_to(known.reserved)
        log.append([gap(clock.now(), "went_back", hole, given - last, log=log.id)])
