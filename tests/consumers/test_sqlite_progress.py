"""A consumer's databases: beside another process that writes, and ones that cannot be used."""

import sqlite3
import threading
from contextlib import closing

import pytest

from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.source import SourceUnavailable
from consumers.sources.log.event_log import EventLogFile
from edge_agent.errors import AgentError


def test_it_is_opened_while_another_process_commits(tmp_path):
    file, opened, pause = tmp_path / "progress.sqlite", [], threading.Event()

    def open_it():
        with closing(SqliteProgress(file)) as other:
            opened.append(list(other.load()))

    with closing(SqliteProgress(file)) as first:
        thread = threading.Thread(target=open_it)
        with first.transaction() as database:
            database.execute("INSERT INTO done VALUES ('log', 1, 7)")
            thread.start()
            pause.wait(0.3)  # it meets the lock; if it is slower, the claim holds all the more
        thread.join()
    assert opened == [[("log", 1, 7)]]


@pytest.fixture
def connections(monkeypatch):
    """The connections that a test opens."""
    real, made = sqlite3.connect, []

    def connect(*given, **more):
        made.append(real(*given, **more))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", connect)
    return made


@pytest.fixture
def foreign(tmp_path, connections):
    """A database of another program, which has other tables under our names."""
    file = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE synced (a, b); CREATE TABLE dropped (a, b);")
    connections.clear()
    return file


@pytest.mark.parametrize("opening", [SqliteProgress, SqliteLetters])
def test_a_database_that_cannot_be_used_is_closed(foreign, connections, opening):
    with pytest.raises(AgentError, match="repair it or move it away"):
        opening(foreign)
    assert are_closed(connections)


def test_a_file_that_is_no_event_log_is_closed(foreign, connections):
    with pytest.raises(SourceUnavailable, match="no such table"):
        EventLogFile(foreign, "shed")
    assert are_closed(connections)


def are_closed(connections):
    for one in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            one.execute("SELECT 1")
    return bool(connections)
