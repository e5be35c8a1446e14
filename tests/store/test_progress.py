"""Long work on the log never looks stuck, however slow the machine is.

The machine's work moves the clock, and the watchdog is asked whenever it has: it must have heard of
the recorder within its patience.
"""

import errno
import os
import sqlite3
from contextlib import closing
from functools import partial

import pytest

from edge_agent.events import Event
from edge_agent.observe.health import PATIENCE, Health
from edge_agent.observe.systemd import EVERY, StartTimeout
from edge_agent.store import leaves, log_connection, second_look
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import open_log, salvage
from edge_agent.store.recorder import Unreadable
from edge_agent.store.soundness import SQLITE_CORRUPT

ROWS = 25_000
TICK = 1000  # SQLite's steps after which the machine's clock moves
STEP_SECONDS = 20 / log_connection.STEPS
PAGE_SECONDS = 0.1
COPY_SECONDS = PATIENCE * 0.9  # for so many pages as a backup copies at once
SECTOR_SECONDS = 20.0  # that a bad sector takes
BAD_SECTORS = 3


class SlowMachine:
    """Moves a clock as it works; `silent` has all that the watchdog has missed."""

    def __init__(self, clock):
        self._clock = clock
        self._health = Health(monotonic=clock.monotonic, notify=str, every=5)
        self._health.watch(["recorder"])
        self.progress = partial(self._health.inbox.put, "recorder")
        self.silent = []

    def take(self, seconds):
        self._clock.advance(seconds)
        self.silent += self._health.check()


@pytest.fixture
def machine(monkeypatch, clock):
    made = SlowMachine(clock)
    backup, page, pread = sqlite3.Connection.backup, leaves.Pages.page, os.pread

    def run_slowly(connection, progress):
        connection.progress, steps = progress, 0

        def tick():
            nonlocal steps
            steps += TICK
            made.take(TICK * STEP_SECONDS)
            if steps % log_connection.STEPS == 0:
                progress()

        connection.set_progress_handler(tick, TICK)

    def back_up_slowly(connection, new, *, pages, progress):
        def copied(*counts):
            made.take(COPY_SECONDS)
            progress(*counts)

        backup(connection, new, pages=pages, progress=copied)

    def read_slowly(pages, number):
        made.take(PAGE_SECONDS)
        return page(pages, number)

    def read_sectors(file, size, at):
        if at and at // second_look.BLOCK <= BAD_SECTORS and size == second_look.BLOCK:
            made.take(SECTOR_SECONDS)
            raise OSError(errno.EIO, "EIO")
        return pread(file, size, at)

    monkeypatch.setattr(log_connection.LogConnection, "report_progress_to", run_slowly)
    monkeypatch.setattr(log_connection.LogConnection, "backup", back_up_slowly, raising=False)
    monkeypatch.setattr(leaves.Pages, "page", read_slowly)
    monkeypatch.setattr(second_look.os, "pread", read_sectors)
    return made


@pytest.fixture
def long_log(path, clock):
    """A log that a machine reads for longer than the watchdog waits."""
    log = EventLog.open(path, boot=clock.boot)
    with log.transaction():
        log.append([Event("reading", "a", clock.now(), {"n": n}) for n in range(ROWS)])
    log.close()
    return path


def damage_tree(path):
    """Spoil every page inside the trees: the rows are in pages that none leads to."""
    content = bytearray(path.read_bytes())
    for start in range(1024, len(content), 1024):
        if content[start] == 5:
            content[start : start + 1024] = b"\xa5" * 1024
    path.write_bytes(content)


@pytest.mark.parametrize("damaged", [False, True])
def test_the_watchdog_hears_of_a_salvage_as_long_as_it_takes(long_log, clock, machine, damaged):
    if damaged:
        damage_tree(long_log)
    began = clock.monotonic()
    log = salvage(long_log, clock, long_log.stat().st_ino, machine.progress)
    rows = log.execute("SELECT count(*) FROM event WHERE kind = 'reading'")
    log.close()
    assert rows == [(ROWS,)]
    assert clock.monotonic() - began > 2 * PATIENCE, "it has taken long"
    assert machine.silent == []


def test_a_salvage_commits_slice_by_slice_so_that_no_commit_takes_long(
    long_log, clock, machine, monkeypatch
):
    sizes = []
    commit = EventLog._commit

    def measured(log):
        commit(log)
        sizes.append(log.wal_size())

    monkeypatch.setattr(EventLog, "_commit", measured)
    salvage(long_log, clock, long_log.stat().st_ino, machine.progress).close()
    assert max(sizes) < 1.5 * long_log.stat().st_size / (ROWS / 10_000)


def test_the_watchdog_hears_of_a_log_that_is_written_again(long_log, clock, machine):
    log = open_log(long_log, clock)
    log.report_progress_to(machine.progress)
    long_log.unlink()
    began = clock.monotonic()
    assert log.left_its_place()
    assert clock.monotonic() - began > PATIENCE
    assert machine.silent == []


def test_the_watchdog_hears_of_bad_sectors_that_are_read_again(long_log, clock, machine):
    log = open_log(long_log, clock)
    log.report_progress_to(machine.progress)
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = SQLITE_CORRUPT
    pause = clock.advance
    arguments = (long_log, log.mark.database, error, machine.progress)
    assert second_look.is_damaged(*arguments, pause=pause)
    log.close()
    assert clock.monotonic() > BAD_SECTORS * SECTOR_SECONDS
    assert machine.silent == []


def test_the_recorder_reports_the_progress_of_what_its_log_does(long_log, recording, monkeypatch):
    monkeypatch.setattr(log_connection, "STEPS", 1000)
    heard = []
    desk = recording(progress=partial(heard.append, "recorder"))
    heard.clear()
    desk.recorder._log.execute("SELECT max(length(data)) FROM event")
    assert len(heard) > ROWS / 1000
    heard.clear()
    desk.spoil()
    desk.put(Unreadable(_malformed(), desk.recorder._log.inode))
    assert desk.recorder._log.last_offset() > ROWS, "it was salvaged"
    heard.clear()
    desk.recorder._log.execute("SELECT max(length(data)) FROM event")
    assert len(heard) > ROWS / 1000, "of the new one, too"


def _malformed():
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = SQLITE_CORRUPT
    return error


def test_a_start_that_migrates_a_long_log_asks_systemd_for_time(long_log, clock, monkeypatch):
    monkeypatch.setattr(log_connection, "STEPS", 1000)
    with closing(sqlite3.connect(long_log)) as old:
        old.executescript("DROP TABLE tally; DROP TABLE vacant; PRAGMA user_version = 3;")
    asked = []
    extend = StartTimeout(clock.monotonic, asked.append).extend

    def progress():
        clock.advance(EVERY / 2)
        extend()

    open_log(long_log, clock, progress=progress).close()
    assert len(asked) >= ROWS * 5 / 1000 / 3
    assert set(asked) == {"EXTEND_TIMEOUT_USEC=60000000"}


def test_a_start_asks_for_time_once_in_a_while_only(clock):
    asked = []
    timeout = StartTimeout(clock.monotonic, asked.append)
    for _ in range(10):
        timeout.extend()
    assert len(asked) == 1
