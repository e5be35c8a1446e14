"""No second process writes a log, whatever happens to its files while the first one runs."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge_agent.errors import LogError
from edge_agent.store.mark import MarkFile
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import RETRY
from edge_agent.store.tick import GATHER


@pytest.fixture
def desk(recording):
    return recording(interval=0)


@pytest.fixture
def lock(path):
    return path.with_name("events.db.lock")


def is_refused(path, clock):
    with pytest.raises(LogError, match="another edge-agent writes this log"):
        open_log(path, clock)
    return True


def values(path):
    reader = LogReader(path)
    try:
        return [event.data for event in reader.read_kinds({"reading"}, 0, 10**9, 100)]
    finally:
        reader.close()


def test_a_deleted_lock_file_lets_no_second_writer_in(path, clock, desk, lock):
    lock.unlink()
    assert is_refused(path, clock)


def test_a_deleted_lock_file_is_put_back_with_what_it_knew(path, clock, desk, lock, event):
    desk.put(event())
    desk.after(GATHER)
    known = desk.recorder._log.mark.value
    lock.unlink()
    desk.put(event())
    desk.after(GATHER)
    other = MarkFile(path, os.open(lock, os.O_RDONLY))
    assert (other.value.log, other.value.reserved) == (known.log, known.reserved)
    other.close()
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    copy.rename(path)
    assert is_refused(path, clock)


def test_nothing_is_recorded_while_another_process_has_a_new_lock_file(path, desk, lock, event):
    lock.unlink()
    other = MarkFile.lock(path)
    desk.put(event(1))
    desk.after(GATHER)
    assert values(path) == []
    other.close()
    desk.after(RETRY)
    assert values(path) == ['{"n":1}']


def test_a_lock_file_that_is_deleted_while_it_is_being_locked_is_not_taken(
    path, clock, lock, monkeypatch
):
    locked = []

    def flock(file, how):
        if not locked:
            lock.unlink()
        locked.append(file)

    monkeypatch.setattr("fcntl.flock", flock)
    log = open_log(path, clock)
    assert lock.exists()
    assert len(locked) == 3, "twice the lock file, then the database"
    log.close()


def test_sqlite_keeps_its_own_locks_while_the_log_is_open(path, clock, desk, event):
    desk.put(event())
    desk.after(GATHER)
    wal = path.with_name("events.db-wal")
    script = f"import sqlite3; c = sqlite3.connect({str(path)!r}); c.execute('SELECT * FROM log')"
    assert another_process(script + "; c.close()") == 0
    assert wal.exists(), "a process that takes itself for the last one removes it"


def another_process(script):
    return subprocess.run([sys.executable, "-c", script], check=False).returncode


def pipe(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/null")


def socket_file(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (Path.mkdir, "a directory"),
        (pipe, "a pipe"),
        (device, "a device"),
        (socket_file, "a socket"),
    ],
)
@pytest.mark.parametrize("name", ["events.db", "events.db.lock"])
def test_what_is_no_file_is_refused_with_its_kind_and_left_alone(path, clock, make, kind, name):
    make(path.with_name(name))
    with pytest.raises(LogError, match=f"this is {kind}, the event log needs a file: choose"):
        open_log(path, clock)
    assert [one.name for one in path.parent.iterdir()] == [name]


def test_a_new_directory_is_on_the_disk_with_its_log(tmp_path, clock, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", lambda file: synced.append(named(file)))
    open_log(tmp_path / "new" / "newer" / "events.db", clock).close()
    assert set(synced) == {tmp_path, tmp_path / "new"}


def named(file):
    return Path(f"/proc/self/fd/{file}").readlink()
