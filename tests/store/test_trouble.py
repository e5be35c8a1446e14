"""What the disk says while the recorder runs: the thread goes on, and nothing is lost."""

import sqlite3

import pytest

from edge_agent.errors import LogError
from edge_agent.store import copying, event_log, readable, salvage
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import PAUSES, open_log
from edge_agent.store.opening import salvage as replaced
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import RETRY, Unreadable
from edge_agent.store.soundness import (
    SQLITE_BUSY,
    SQLITE_CORRUPT,
    SQLITE_IOERR,
    SQLITE_LOCKED,
    SQLITE_NOTADB,
)
from edge_agent.store.tick import GATHER

SQLITE_FULL, SQLITE_IOERR_FSYNC = 13, SQLITE_IOERR | 4 << 8


def failure(code):
    error = sqlite3.OperationalError("from the disk")
    error.sqlite_errorcode = code
    return error


class Faulty:
    """A connection whose statements of some kinds fail, until it is repaired."""

    def __init__(self, connection, code, *statements):
        self._connection, self.statements, self.code = connection, statements, code

    def execute(self, sql, *parameters):
        if sql.strip().startswith(self.statements):
            raise failure(self.code)
        return self._connection.execute(sql, *parameters)

    def __getattr__(self, name):
        return getattr(self._connection, name)


def fail(desk, code, *statements):
    log = desk.recorder._log
    log._connection = Faulty(log._connection, code, *statements)
    return log._connection


def read_error(*_, **__):
    raise failure(SQLITE_IOERR)


FIRST_STEPS = {"opening": ("under", read_error), "limiting": ("limit_wal", read_error)}


def values(path):
    return [e.data for e in LogReader(path).read_after(0, 100) if e.kind == "reading"]


def set_aside(path):
    return list(path.parent.glob("*.damaged-*"))


@pytest.mark.parametrize(
    "code", [SQLITE_BUSY, SQLITE_LOCKED, SQLITE_IOERR, SQLITE_IOERR_FSYNC, SQLITE_CORRUPT]
)
def test_a_reader_that_meets_a_passing_error_does_not_cost_the_log(recording, path, event, code):
    desk = recording(interval=0)
    desk.put(Unreadable(failure(code), desk.recorder._log.inode), event())
    desk.after(GATHER)
    assert set_aside(path) == []
    assert values(path) == ['{"n":0}']


@pytest.mark.parametrize("code", [SQLITE_CORRUPT, SQLITE_CORRUPT | 3 << 8, SQLITE_NOTADB])
def test_what_sqlite_calls_damage_is_salvaged(recording, path, code):
    desk = recording(interval=0)
    desk.spoil()
    desk.put(Unreadable(failure(code), desk.recorder._log.inode))
    assert len(set_aside(path)) > 0


@pytest.mark.parametrize(
    "statements",
    [("BEGIN",), ("INSERT INTO event",), ("COMMIT",), ("COMMIT", "ROLLBACK"), ("",)],
    ids="-".join,
)
def test_an_error_at_commit_is_waited_for(recording, path, event, statements):
    desk = recording(interval=0)
    broken = fail(desk, SQLITE_IOERR_FSYNC, *statements)
    desk.put(event(1))
    desk.after(GATHER)
    desk.after(RETRY)
    assert desk.announced == []
    broken.statements = ("never",)
    desk.after(RETRY)
    assert values(path) == ['{"n":1}']
    assert set_aside(path) == []


@pytest.mark.parametrize("code", [SQLITE_IOERR, SQLITE_FULL])
def test_an_error_while_trimming_is_waited_for(recording, path, event, code):
    desk = recording(interval=0)
    broken = fail(desk, code, "", "SELECT min")
    desk.recorder._trim_at = 0
    desk.after(RETRY)
    broken.statements = ("never",)
    desk.put(event(2))
    desk.after(RETRY)
    assert values(path) == ['{"n":2}']


@pytest.mark.parametrize(
    "second",
    [failure(SQLITE_IOERR), failure(SQLITE_CORRUPT), LogError("no room"), OSError(5, "EIO")],
    ids=repr,
)
def test_a_second_failure_while_salvaging_is_waited_for(recording, path, event, second):
    desk = recording(interval=0)
    desk.spoil()
    cure, desk.recorder._reopen = desk.recorder._reopen, refuse(second)
    desk.put(Unreadable(failure(SQLITE_CORRUPT), desk.recorder._log.inode), event(3))
    desk.after(RETRY)
    assert desk.announced == []
    desk.recorder._reopen = cure
    desk.after(RETRY)
    assert values(path) == ['{"n":3}']


def refuse(error):
    def reopen(_):
        raise error

    return reopen


def test_a_salvage_that_failed_is_tried_again_though_nothing_is_recorded(recording, path):
    desk = recording(interval=0)
    desk.spoil()
    cure, desk.recorder._reopen = desk.recorder._reopen, refuse(OSError(5, "EIO"))
    desk.put(Unreadable(failure(SQLITE_CORRUPT), desk.recorder._log.inode))
    assert desk.recorder._wait() == RETRY
    desk.recorder._reopen = cure
    desk.after(RETRY)
    assert len(set_aside(path)) > 0


@pytest.mark.parametrize("step", ["opening", "limiting"])
def test_a_sound_replacement_that_cannot_be_opened_yet_is_not_salvaged_again(
    recording, path, event, monkeypatch, step
):
    desk = recording(interval=0)
    desk.spoil()
    monkeypatch.setattr(EventLog, *FIRST_STEPS[step])
    desk.put(Unreadable(failure(SQLITE_CORRUPT), desk.recorder._log.inode), event(3))
    assert desk.recorder._damaged
    monkeypatch.undo()
    desk.after(RETRY)
    assert values(path) == ['{"n":3}']
    assert path.with_name(f"{path.name}.damaged-1").exists()
    assert not path.with_name(f"{path.name}.damaged-2").exists()


def test_a_log_that_was_written_again_and_cannot_be_opened_yet_is_not_salvaged(
    recording, path, event, monkeypatch
):
    desk = recording(interval=0)
    path.unlink()
    monkeypatch.setattr(EventLog, *FIRST_STEPS["opening"])
    desk.put(event(3))
    assert desk.recorder._damaged
    monkeypatch.undo()
    desk.after(RETRY)
    assert values(path) == ['{"n":3}']
    assert not path.with_name(f"{path.name}.damaged-1").exists()


def test_what_takes_the_place_of_a_replacement_is_no_log_either(recording, path, monkeypatch):
    desk = recording(interval=0)
    desk.spoil()
    monkeypatch.setattr(EventLog, *FIRST_STEPS["opening"])
    desk.put(Unreadable(failure(SQLITE_CORRUPT), desk.recorder._log.inode))
    monkeypatch.undo()
    shopping = path.with_name("shopping list")
    shopping.write_text("bread " * 100)
    shopping.rename(path)
    desk.after(RETRY)
    assert path.with_name(f"{path.name}.damaged-2").read_text() == "bread " * 100
    assert not desk.recorder._damaged


# ── At the start ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def check_fails(monkeypatch):
    """Let the check after a boot fail so many times, with a code; return the pauses so far."""

    def fail(code, times):
        left = [failure(code)] * times

        def check(connection):
            if left:
                raise left.pop()

        monkeypatch.setattr(event_log, "verify_tables", check)
        return []

    return fail


@pytest.mark.parametrize("code", [SQLITE_BUSY, SQLITE_IOERR, SQLITE_CORRUPT])
def test_a_passing_error_at_the_start_is_waited_for(path, clock, check_fails, code):
    pauses = check_fails(code, 3)
    open_log(path, clock, pause=pauses.append).close()
    assert pauses == list(PAUSES[:3])
    assert set_aside(path) == []


def test_an_error_that_stays_ends_the_start_with_one_line_and_the_log_as_it_was(
    path, clock, check_fails
):
    pauses = check_fails(SQLITE_IOERR, 99)
    with pytest.raises(LogError, match=r"from the disk.*see whether the disk"):
        open_log(path, clock, pause=pauses.append)
    assert pauses == list(PAUSES)
    assert set_aside(path) == []


def test_another_writer_is_not_waited_for(path, clock):
    first, pauses = open_log(path, clock), []
    with pytest.raises(LogError, match="another edge-agent"):
        open_log(path, clock, pause=pauses.append)
    assert pauses == []
    first.close()


@pytest.fixture
def filled(path, clock, event):
    log = open_log(path, clock)
    with log.transaction():
        log.append([event(n) for n in range(3)])
    log.close()


def old_that_fails(monkeypatch, code, times):
    """Let the first reads of rows of a damaged log fail."""
    left, opened = [failure(code)] * times, salvage.read_only

    class Old(Faulty):
        def execute(self, sql, *parameters):
            if sql in {readable.ROWS, readable.ROW_AT} and left:
                raise left.pop()
            return self._connection.execute(sql, *parameters)

    monkeypatch.setattr(salvage, "read_only", lambda path: Old(opened(path), code))


@pytest.mark.parametrize(("times", "kept"), [(2, 3), (10**6, 0)])
def test_a_salvage_tries_a_read_error_again_before_it_gives_events_up(
    path, clock, filled, monkeypatch, times, kept
):
    old_that_fails(monkeypatch, SQLITE_IOERR, times)
    nothing = lambda _path, _progress: iter(())  # noqa: E731 - nor does the disk give these
    monkeypatch.setattr(copying, "leaf_rows", nothing)
    replaced(path, clock, path.stat().st_ino).close()
    assert len(values(path)) == kept


def test_a_lock_never_costs_a_salvage_events(path, clock, filled, monkeypatch):
    old_that_fails(monkeypatch, SQLITE_BUSY, 10**6)
    with pytest.raises(sqlite3.OperationalError):
        replaced(path, clock, path.stat().st_ino)
    assert len(values(path)) == 3
