"""Killed at any line while a log is salvaged, migrated or written again: what is lost is named.

A child process opens the log and ends itself with SIGKILL at one line of the code; then the log is
opened as always. This is done for every line that an undisturbed run executes.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import CursorMove, Subscription
from edge_agent.store import event_log, migrations, opening, replacement, salvage
from edge_agent.store.event_log import EventLog
from edge_agent.store.opening import salvage as reopened
from edge_agent.store.reader import LogReader
from tests.store.checked import open_checked

CODE = {module.__file__ for module in (event_log, migrations, opening, replacement, salvage)}
RECORDED, DELIVERED = 300, 100


def traced(stop_at, action, prepare=lambda: None):
    """Run an action in a child; return the lines that it ran, or kill it at its n-th new line.

    What the child prepares, the action gets.
    """
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        prepared = prepare()
        lines = set()

        def trace(frame, event, _):
            if frame.f_code.co_filename not in CODE:
                return None
            where = (frame.f_code.co_filename, frame.f_lineno)
            if event == "line" and where not in lines:
                lines.add(where)
                os.write(send, b".")
                if len(lines) == stop_at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        action(*prepared or ())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive, "rb") as pipe:
        ran = len(pipe.read())
    return ran, os.waitpid(child, 0)[1]


@pytest.fixture
def damaged(tmp_path, clock, event):
    """Return a function that puts a damaged log, with a write-ahead log, into a directory."""
    origin = tmp_path / "origin"
    origin.mkdir()
    log = EventLog.open(origin / "events.db", boot=clock.boot)
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
        log.append([event(n) for n in range(RECORDED - 50)])
        log.account.move(CursorMove("mqtt", DELIVERED, {}))
    log.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with log.transaction():  # these are in the write-ahead log alone
        log.append([event(n) for n in range(50)])
        log.execute("UPDATE event SET data = '{' WHERE \"offset\" IN (150, 290)")
    shutil.copytree(origin, tmp_path / "copy")
    log.close()
    return lambda name: Path(shutil.copytree(tmp_path / "copy", tmp_path / name)) / "events.db"


def start(path):
    open_checked(path, ManualClock(boot="next"), pause=lambda _: None).close()


def check(path, log_id):
    open_checked(path, ManualClock(boot="next")).close()
    reader = LogReader(path)
    offsets = [event.offset for event in reader.read_after(0, 10**6)]
    account = reader.accounts()["mqtt"]
    notes = [offset for offset in offsets if offset > RECORDED]
    assert offsets == sorted(set(offsets))
    assert set(range(1, RECORDED + 1)) - set(offsets) == {150, 290}
    assert (reader.id, account.delivered, account.dropped) == (log_id, DELIVERED, {"damaged": 2})
    assert account.recorded == RECORDED + len(notes)
    assert integrity(path) == "ok"
    reader.close()


def integrity(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        connection.close()


@pytest.mark.slow
def test_a_salvage_that_is_killed_at_any_line_loses_nothing(damaged):
    path = damaged("whole")
    log_id = LogReader(path).id
    lines, status = traced(0, lambda: start(path))
    assert (status, lines > 100) == (0, True)
    check(path, log_id)
    for line in range(1, lines + 1):
        path = damaged(f"killed{line}")
        ran, status = traced(line, lambda path=path: start(path))
        assert (ran, os.WTERMSIG(status)) == (line, signal.SIGKILL)
        check(path, log_id)


def test_a_salvage_that_is_killed_again_and_again_loses_nothing(damaged):
    path = damaged("again")
    log_id = LogReader(path).id
    line, status = 0, -1
    while status != 0:
        line += 7
        status = traced(line, lambda: start(path))[1]
    check(path, log_id)


def test_a_first_start_and_a_migration_may_be_killed_at_any_line(tmp_path):
    lines, _ = traced(0, lambda: start(tmp_path / "whole.db"))
    for line in range(1, lines + 1):
        path = tmp_path / f"killed{line}.db"
        traced(line, lambda path=path: start(path))
        log = open_checked(path, ManualClock(boot="next"))
        assert log.execute("PRAGMA user_version") == [(len(migrations.STEPS),)]
        log.close()


@pytest.mark.parametrize("fresh", [False, True], ids=["no new log", "an empty new log"])
def test_a_log_that_was_only_set_aside_is_salvaged(damaged, fresh):
    path = damaged("old")
    log_id = LogReader(path).id
    for suffix in ("-wal", "-shm", ""):
        Path(f"{path}{suffix}").rename(f"{path}.damaged-1{suffix}")
    if fresh:
        EventLog.open(path, boot="next").close()
    check(path, log_id)


def test_a_complete_new_log_takes_its_place_though_the_old_one_is_there_in_part(damaged):
    path = damaged("part")
    log_id = LogReader(path).id
    start(path)
    path.rename(f"{path}.salvaged")
    Path(f"{path}.damaged-1").rename(path)
    check(path, log_id)
    assert Path(f"{path}.damaged-1-wal").exists()


def test_what_a_killed_salvage_has_begun_is_no_log(damaged):
    path = damaged("begun")
    log_id = LogReader(path).id
    Path(f"{path}.salvage").write_bytes(b"half of it")
    Path(f"{path}.salvage-wal").write_bytes(b"more")
    check(path, log_id)
    assert not list(path.parent.glob("*.salvage*"))


# ── A log that is written again ───────────────────────────────────────────────────────────────────

COPIED = 40  # events that a copy has


def replaced_by(harm, path, event):
    """Record, and let something else take the log's place; return the log, and its path."""
    log = open_checked(path, ManualClock())
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
        log.append([event(n) for n in range(COPIED)])
    with closing(sqlite3.connect(path.with_name("copy"))) as copy:
        log._connection.backup(copy)
    with log.transaction():
        log.append([event(n) for n in range(RECORDED - COPIED)])
    harm(path)
    return log, path


def put_copy_back(path):
    remove(path)
    path.with_name("copy").rename(path)


def put_text(path):
    remove(path)
    path.write_text("my shopping list")


def remove(path):
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()


def write_back(log, path):
    assert log.left_its_place()
    reopened(path, ManualClock(), log.inode).close()


def check_written_back(path):
    """Every event is there, or a gap event names it, and its offset is not given again."""
    log = open_checked(path, ManualClock())
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    log.close()
    reader = LogReader(path)
    events = reader.read_after(0, 10**6)
    there = {one.offset for one in events if one.kind == "reading"}
    gaps = [json.loads(one.data) for one in events if one.kind == "gap"]
    named = {n for gap in gaps for first, last in gap["ranges"] for n in range(first, last + 1)}
    recorded = set(range(1, RECORDED + 1))
    assert there <= recorded
    assert recorded - there == recorded & named
    assert {gap["log"] for gap in gaps} <= {reader.id}
    notes = [one for one in events if one.kind != "reading"]
    assert all(one.offset > RECORDED for one in notes)
    assert reader.accounts()["mqtt"].recorded == RECORDED + len(notes)
    assert integrity(path) == "ok"
    reader.close()
    return there == recorded


@pytest.mark.slow
@pytest.mark.parametrize("harm", [put_copy_back, put_text])
def test_a_log_that_is_being_written_again_may_be_killed_at_any_line(tmp_path, event, harm):
    def killed(name, line):
        path = tmp_path / name / "events.db"
        path.parent.mkdir()
        ran, status = traced(line, write_back, lambda: replaced_by(harm, path, event))
        assert line in {0, ran}
        assert (status == 0) == (line == 0)
        return check_written_back(path), ran

    whole, lines = killed("whole", 0)
    assert (whole, lines > 40) == (True, True)
    found = [killed(f"killed{line}", line)[0] for line in range(1, lines + 1)]
    assert found == sorted(found)  # from the step on that makes the new file complete
    assert set(found) == {False, True}


def test_a_deleted_log_that_is_being_written_again_is_all_there_or_begins_anew(tmp_path, event):
    for line in range(1, 80, 5):
        path = tmp_path / f"killed{line}" / "events.db"
        path.parent.mkdir()
        traced(line, write_back, lambda path=path: replaced_by(remove, path, event))
        open_checked(path, ManualClock()).close()
        reader = LogReader(path)
        assert len(reader.read_after(0, 10**6)) in {0, RECORDED}
        assert integrity(path) == "ok"
        reader.close()
