"""What SQLite calls damage is damage only if the file's bytes can be read, and still are wrong."""

import errno
import os
import sqlite3
import subprocess
import sys

import pytest

from edge_agent.store import second_look
from edge_agent.store.opening import open_log
from edge_agent.store.second_look import BLOCK, PAUSES
from edge_agent.store.soundness import SQLITE_CORRUPT
from tests.torture.shim.control import Shim

PROGRAM = """
import sqlite3, sys
from pathlib import Path
from edge_agent.clock import ManualClock
from edge_agent.store.opening import open_log
from edge_agent.store.reader import LogReader

path = Path("events.db").resolve()

def say(word):
    print(word, flush=True)
    sys.stdin.readline()

log, reader = open_log(path, ManualClock()), LogReader(path)
say("ready")
try:
    list(reader.events_after(0))
except sqlite3.DatabaseError as error:
    say(f"{error.sqlite_errorname} {log.is_damaged(error)}")
"""


@pytest.fixture
def filled(path, clock, event):
    log = open_log(path, clock)
    with log.transaction():
        log.append([event(n) for n in range(3000)])
    log.close()
    return path


@pytest.fixture
def shim(path, tmp_path_factory):
    return Shim(path.parent, tmp_path_factory.mktemp("shim"))


@pytest.fixture
def run(path, shim):
    """Run the program, whose reads fail when it is ready; return what it says, and its code."""

    def begin(every):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | shim.environment,
            cwd=path.parent,
            text=True,
        ) as program:
            assert program.stdout.readline() == "ready\n"
            shim.fail("read", every)
            program.stdin.write("\n")
            program.stdin.flush()
            said = program.stdout.readline()
            shim.fail("read", 0)
            program.communicate("\n" * 9)
        return said, program.returncode

    return begin


@pytest.mark.parametrize("every", [1, 7])
def test_a_read_error_while_the_agent_runs_is_no_damage(filled, run, every):
    assert run(every) == ("SQLITE_CORRUPT False\n", 0)


@pytest.fixture
def reading(monkeypatch):
    """Let reads at some places of any file fail, as long as they are in the returned set."""
    bad, pread = set(), os.pread

    def fail(file, size, at):
        if at in bad:
            raise OSError(errno.EIO, "EIO")
        return pread(file, size, at)

    monkeypatch.setattr(second_look.os, "pread", fail)
    return bad


@pytest.fixture
def look(filled, clock):
    """Take a second look at a sound log that SQLite has called damaged."""
    log = open_log(filled, clock)
    error = sqlite3.DatabaseError("malformed")
    error.sqlite_errorcode = SQLITE_CORRUPT
    yield lambda pause: second_look.is_damaged(filled, log.mark.database, error, pause=pause)
    log.close()


def test_a_log_that_is_sound_at_the_second_look_is_not_damaged(look):
    assert not look([].append)


def test_a_place_that_can_be_read_again_is_no_damage(look, reading):
    reading.add(5 * BLOCK)
    assert not look(lambda _: reading.clear())


def test_a_place_that_can_never_be_read_is_a_bad_sector(look, reading):
    reading.add(5 * BLOCK)
    pauses = []
    assert look(pauses.append)
    assert pauses == list(PAUSES)


@pytest.mark.parametrize("later", [False, True])
def test_a_disk_that_cannot_be_read_at_all_is_waited_for(look, reading, later):
    reading.update({5 * BLOCK} if later else {0, 5 * BLOCK})
    assert not look(lambda _: reading.add(0))
