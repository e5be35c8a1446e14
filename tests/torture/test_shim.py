import json
import os
import random
import subprocess
import sys
import time

import pytest

from tests.torture.shim.control import Shim

LOOP = """
import errno, json, os, sqlite3, sys, time
from edge_agent.clock import wall_clock_is_set, SystemClock
names = globals()
def attempt(line):
    try:
        return eval(line, names)
    except sqlite3.Error as error:
        return error.sqlite_errorname
    except OSError as error:
        return errno.errorcode[error.errno]
for line in sys.stdin:
    print(json.dumps(attempt(line)), flush=True)
"""


class Program:
    """A process under the shim that evaluates an expression at a time."""

    def __init__(self, shim, directory):
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | shim.environment,
            cwd=directory,
            text=True,
        )

    def __call__(self, expression):
        self._process.stdin.write(expression + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def kill(self):
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("shim")


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.mkdir()
    return path


@pytest.fixture
def shim(disk, place):
    return Shim(disk, place)


@pytest.fixture
def program(shim, disk):
    programs = []

    def start():
        programs.append(Program(shim, disk))
        return programs[-1]

    yield start
    for each in programs:
        each.kill()


WRITE = "os.pwrite(file, b'abc', 0)"
FAILING = [
    ("full", WRITE, "ENOSPC"),
    ("read_only", WRITE, "EROFS"),
    ("write", WRITE, "EIO"),
    ("read", "len(os.pread(file, 3, 0))", "EIO"),
    ("sync", "os.fsync(file)", "EIO"),
    ("sync", "os.fdatasync(file)", "EIO"),
    ("full", "os.open('more', os.O_CREAT | os.O_WRONLY)", "ENOSPC"),
    ("read_only", "os.open('more', os.O_CREAT | os.O_WRONLY)", "EROFS"),
    ("read_only", "os.rename('file', 'other')", "EROFS"),
    ("read_only", "os.unlink('file')", "EROFS"),
    ("full", "os.ftruncate(file, 100)", "ENOSPC"),
    ("full", "os.posix_fallocate(file, 0, 100)", "ENOSPC"),
]
OPEN = "names.update(file=os.open('{}', os.O_CREAT | os.O_RDWR))"


@pytest.mark.parametrize("fault, call, error", FAILING)
def test_a_call_fails_as_long_as_the_fault_lasts(shim, program, fault, call, error):
    run = program()
    run(OPEN.format("file"))
    with shim.failing(fault):
        assert run(call) == error
    assert run(call) != error
    assert shim.hits(fault) == 1


def test_each_nth_call_fails(shim, program):
    run = program()
    run(OPEN.format("file"))
    with shim.failing("write", every=3):
        assert [run(WRITE) for _ in range(6)] == [3, 3, "EIO", 3, 3, "EIO"]


def test_a_full_disk_still_takes_what_needs_no_more_room(shim, program):
    run = program()
    run(OPEN.format("file"))
    run(WRITE)
    with shim.failing("full"):
        assert run(WRITE) == 3
        assert run("os.pwrite(file, b'abc', 1)") == "ENOSPC"


def test_files_elsewhere_do_not_fail(shim, program, tmp_path):
    run = program()
    run(OPEN.format(tmp_path / "file"))
    with shim.failing("write"):
        assert run(WRITE) == 3


CREATE = "db.execute('CREATE TABLE t (n INTEGER PRIMARY KEY, data)').rowcount"
INSERT = "db.execute('INSERT INTO t (data) VALUES (randomblob(700))').lastrowid"
COUNT = "db.execute('SELECT max(n) FROM t').fetchone()[0]"


def database(run, synchronous="FULL"):
    run("names.update(db=sqlite3.connect('db', isolation_level=None))")
    run("db.execute('PRAGMA journal_mode = WAL').fetchone()")
    run(f"db.execute('PRAGMA synchronous = {synchronous}').rowcount")
    run("db.execute('PRAGMA cache_size = 1').rowcount")
    return run(CREATE)


@pytest.mark.parametrize(
    "fault, error",
    [
        ("full", "SQLITE_FULL"),
        ("read_only", "SQLITE_IOERR_WRITE"),
        ("write", "SQLITE_IOERR_WRITE"),
        ("sync", "SQLITE_IOERR_FSYNC"),
    ],
)
def test_sqlite_meets_the_faults(shim, program, fault, error):
    run = program()
    database(run)
    with shim.failing(fault):
        assert run(INSERT) == error
    assert run(INSERT) == 1


def test_sqlite_meets_a_read_error(shim, program):
    run = program()
    database(run)
    for _ in range(50):
        run(INSERT)
    with shim.failing("read"):
        error = run("db.execute('SELECT sum(length(data)) FROM t').fetchone()")
    assert error == "SQLITE_CORRUPT"  # so SQLite calls an EIO: it is not damage


def test_a_slow_sync_takes_its_time(shim, program):
    run = program()
    run(OPEN.format("file"))
    shim.slow_sync(0.2)
    began = time.monotonic()
    run("os.fsync(file)")
    assert time.monotonic() - began >= 0.2


def contents(disk):
    return {each.name: each.read_bytes() for each in disk.iterdir()}


class Forgetful(random.Random):
    """No sector that was not synced is on the disk."""

    def choice(self, seq):
        return seq[0]


def test_a_power_cut_undoes_what_was_not_synced(shim, program, disk):
    (disk / "old").write_bytes(b"old")
    (disk / "gone").write_bytes(b"gone")
    shim.forget()
    run = program()
    run(OPEN.format("synced"))
    run("(os.write(file, b'here'), os.fsync(file))")
    run("os.write(file, b' and not here')")
    run("os.pwrite(file, b'T', 0)")
    run("os.rename('old', 'gone')")
    run(OPEN.format("new"))
    run.kill()
    assert shim.power_cut(Forgetful(1)) > 0
    assert contents(disk) == {"synced": b"here", "old": b"old", "gone": b"gone"}


def test_a_power_cut_leaves_what_was_synced_last(shim, program, disk):
    shim.forget()
    run = program()
    run(OPEN.format("file"))
    run("(os.write(file, b'abcdef'), os.ftruncate(file, 3), os.rename('file', 'other'))")
    run("os.fsync(file)")
    run.kill()
    assert shim.power_cut(Forgetful(1)) == 0
    assert contents(disk) == {"other": b"abc"}


def committed_and_kept(shim, program, disk, synchronous, chances):
    run = program()
    database(run, synchronous)
    for committed in range(chances.randrange(1, 60)):
        assert run(INSERT) == committed + 1
    run.kill()
    shim.power_cut(chances)
    again = program()
    again("names.update(db=sqlite3.connect('db', isolation_level=None))")
    kept = again(COUNT)
    again.kill()
    for each in disk.iterdir():
        each.unlink()
    return committed + 1, kept


def test_only_a_database_that_syncs_each_commit_survives_power_cuts(shim, program, disk):
    shim.forget()
    chances = random.Random(7)
    runs = [committed_and_kept(shim, program, disk, "FULL", chances) for _ in range(8)]
    assert [kept for _, kept in runs] == [committed for committed, _ in runs]
    runs = [committed_and_kept(shim, program, disk, "OFF", chances) for _ in range(8)]
    assert [kept for _, kept in runs] != [committed for committed, _ in runs]


@pytest.mark.parametrize(
    "clock", ["time.time()", "time.time_ns() / 1e9", "time.clock_gettime(time.CLOCK_REALTIME)"]
)
def test_the_wall_clock_jumps(shim, program, clock):
    run = program()
    shim.jump(3600)
    assert run(clock) >= time.time() + 3590
    shim.jump(-7200)
    assert run(clock) <= time.time() - 3590


def test_the_other_clocks_do_not_jump(shim, program):
    run = program()
    before = run("time.monotonic()")
    shim.jump(-86400)
    assert before <= run("time.monotonic()") <= time.monotonic()
    assert run("time.clock_gettime(time.CLOCK_BOOTTIME)") <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_the_wall_clock_drifts(shim, program):
    run = program()
    shim.drift(1_000_000)
    first = run("time.time()")
    began = time.monotonic()
    while time.monotonic() < began + 0.1:
        pass
    assert run("time.time()") - first > 0.2
    before = shim.wall()
    assert before <= run("time.time()") <= shim.wall()


def test_the_wall_clock_is_trusted_when_the_shim_says_so(shim, program):
    run = program()
    shim.trust(False)
    assert run("wall_clock_is_set()") is False
    shim.trust(True)
    assert run("wall_clock_is_set()") is True


def test_a_boot_has_its_own_id(shim, program):
    run = program()
    first = run("SystemClock().boot")
    assert run("SystemClock().boot") == first
    shim.boot()
    assert run("SystemClock().boot") != first
