"""How the event log is opened: what a stop, a kill or a power cut has left is put right first."""

import codecs
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.directories import followed
from edge_agent.errors import LogError
from edge_agent.events import gap
from edge_agent.store.event_log import EventLog
from edge_agent.store.lock import lock_name
from edge_agent.store.log_connection import Progress, read_only, unwatched
from edge_agent.store.mark import Mark, MarkFile
from edge_agent.store.migrations import ANOTHER_PLACE, ForeignDatabase
from edge_agent.store.replacement import finish, inode_at, last_aside, next_aside
from edge_agent.store.salvage import Damaged, holes, random_hole, rescue
from edge_agent.store.second_look import is_damaged
from edge_agent.store.soundness import is_passing
from edge_agent.store.spill import Spill, take_in

UTF8 = codecs.getincrementaldecoder("utf-8")
TEXT = 512  # bytes that show what a file is
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds between tries; a unit that fails is started again later

_logger = logging.getLogger(__name__)


def open_log(
    path: Path,
    clock: Clock,
    spill: Spill = Spill(()),  # noqa: B008 - immutable
    pause: Callable[[float], None] = time.sleep,
    progress: Progress = unwatched,
) -> EventLog:
    """Open the event log, salvage it if it is damaged, take in what the last stop has spilled.

    A lock or an I/O error is waited for, some seconds; LogError is raised if it cannot be opened.
    What takes long calls `progress`, then and later.
    """
    path = followed(path)  # a link must not be a second lock of the same log
    for seconds in PAUSES:
        try:
            return _open(path, clock, spill, progress)
        except (sqlite3.Error, OSError, LogError) as error:
            if isinstance(error, LogError) and not is_passing(error.__cause__):
                raise
        pause(seconds)
    try:
        return _open(path, clock, spill, progress)
    except (sqlite3.Error, OSError) as error:
        raise LogError(f"{path}: {error}", "see whether the disk is full or failing") from error


def salvage(path: Path, clock: Clock, inode: int, progress: Progress = unwatched) -> EventLog:
    """Replace the log with this inode, damaged or not in its place; raise what the disk raises.

    If it is replaced already, because only opening the new one has failed, open the new one.
    """
    path = followed(path)
    mark = MarkFile.lock(path)
    try:
        if finish(path) or inode_at(path) not in (0, inode):
            return _sound(path, mark, clock, progress)
        return _replaced(path, path, mark, clock, progress)
    except BaseException:
        mark.close()
        raise


def _open(path: Path, clock: Clock, spill: Spill, progress: Progress) -> EventLog:
    mark = MarkFile.lock(path)
    try:
        finish(path)
        log = _sound(path, mark, clock, progress)
    except BaseException:
        mark.close()
        raise
    try:
        take_in(log, spill, clock)
        if mark.ended_cleanly(log.id):
            log.note_end()  # what was just appended is no work that a kill could interrupt
    except BaseException:
        log.abandon()
        raise
    return log


def _sound(path: Path, mark: MarkFile, clock: Clock, progress: Progress) -> EventLog:
    aside, known = last_aside(path), mark.value
    if aside and not path.exists():  # an older version was killed while it salvaged
        return _replaced(path, aside, mark, clock, progress)
    if known.log and path.exists() and _has_no_id(path):
        return _replaced(path, path, mark, clock, progress)
    try:
        log = EventLog.under(mark, path, boot=clock.boot, progress=progress)
    except (sqlite3.DatabaseError, ForeignDatabase) as error:
        if not mark.value.log:
            _refuse_text(path, mark.database)
        ours = isinstance(error, ForeignDatabase) and mark.value.log
        if not (ours or is_damaged(path, mark.database, error, progress)):
            raise
        return _replaced(path, path, mark, clock, progress)
    try:
        blank = aside and log.is_blank()
        if not blank:
            _skip(log, known, path, clock)
    except BaseException:
        log.disconnect()
        raise
    if aside and blank:
        log.disconnect()
        return _replaced(path, aside, mark, clock, progress)
    mark.note(boot=clock.boot)  # from now on, what the mark knows is what was committed
    return log


def _refuse_text(path: Path, database: int) -> None:
    """Raise LogError for a file that a person has written; it stays unchanged.

    No damage makes text of the beginning of a database.
    """
    try:
        head = UTF8().decode(os.pread(database, TEXT, 0))  # a character may be cut at the end
    except UnicodeDecodeError:
        return
    if head and all(one.isprintable() or one.isspace() for one in head):
        raise LogError(f"{path} is a text file, not an event log", ANOTHER_PLACE)


def _has_no_id(path: Path) -> bool:
    """Return whether a database lacks the id that its first commit gave it: all of it is lost."""
    try:
        with closing(read_only(path)) as connection:
            return not connection.execute("SELECT 1 FROM log").fetchone()
    except sqlite3.Error as error:
        return "no such table" in str(error)


def _replaced(
    path: Path, damaged: Path, mark: MarkFile, clock: Clock, progress: Progress
) -> EventLog:
    aside = next_aside(path) if damaged == path else damaged
    mark.lock_database(damaged)
    rescue(path, Damaged(damaged, aside), mark, clock, progress)
    finish(path)
    log = EventLog.under(mark, path, boot=clock.boot, progress=progress)
    mark.note(boot=clock.boot, checked=clock.boot)  # no row was copied that is not sound
    return log


def _skip(log: EventLog, known: Mark, path: Path, clock: Clock) -> None:
    """Leave out the offsets that a lost commit, or the log that a copy replaced, may have given."""
    last = log.last_offset()
    if known.log != log.id:  # what was reserved for this log is not known
        if last:
            what = "%s cannot be read or belongs to another log: offsets are left out"
            _logger.warning(what, lock_name(path))
            _leave_out(log, last, last + random_hole(), clock)
    elif last < _expected(known, clock):
        given = max(known.reserved if known.closed else known.given, last)
        _leave_out(log, given, known.reserved, clock)


def _expected(known: Mark, clock: Clock) -> int:
    """Return the offset before which a sound log does not end.

    If the agent was killed, but not the system, it is known; otherwise all that is reserved counts.
    """
    return known.given if known.boot == clock.boot and not known.closed else known.reserved


def _leave_out(log: EventLog, given: int, upto: int, clock: Clock) -> None:
    """Go on behind `upto`; the events up to `given` are lost."""
    last = log.last_offset()
    with log.transaction():
        lost = [(last + 1, given)] if given > last else []
        log.account.drop_unread(lost, "went_back")
        log.account.note_lost(lost)
        log.vacant.note(lost, lost=True)
        log.vacant.note(holes(given, upto, []), lost=False)
        log.skip_to(upto)
        log.append([gap(clock.now(), "went_back", [(last + 1, upto)], given - last, log=log.id)])
