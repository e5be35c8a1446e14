"""The check of a whole log, once in a boot, beside the agent's work.

A disk that loses what it said it had stored may leave a page in two places. So the check sees the
log as it was before anything is written: until it ends, SQLite keeps what is new in the write-ahead
log, and a page that turns out to be damaged is not written over.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from edge_agent.store.log_connection import read_only
from edge_agent.store.replacement import inode_at
from edge_agent.store.soundness import is_damage, verify

AGAIN = 60.0  # seconds until it begins again, if it made way or is not known to be right


class Unreadable(NamedTuple):
    """A report to the recorder: the file with this inode cannot be read."""

    error: sqlite3.Error
    inode: int


class Sound(NamedTuple):
    """A report to the recorder: all of the file with this inode can be read."""

    inode: int


Report: TypeAlias = Sound | Unreadable


class LogCheck:
    """Reads the log at `path` from its first row to its last; `report` gets what it finds."""

    def __init__(self, path: Path, report: Callable[[Report], None]) -> None:
        self._path = path
        self._report = report
        self._inbox: SimpleQueue[None] = SimpleQueue()
        self._connect()
        try:
            self._begin()
        except BaseException:
            self._connection.close()
            raise

    def run(self) -> None:
        """Read everything, and report what was found, until the log is sound or was replaced."""
        while not self._is_sound():
            with suppress(Empty):
                return self._inbox.get(timeout=AGAIN)
            if inode_at(self._path) not in (0, self._inode):
                return None
            with suppress(sqlite3.Error, OSError):
                self._connect()
                self._begin()
        return None

    def make_way(self) -> None:
        """Let the check end for now, from any thread: the write-ahead log has become long."""
        with suppress(sqlite3.ProgrammingError):  # it has ended already
            self._connection.interrupt()

    def stop(self) -> None:
        """Let the check end, from any thread."""
        self._inbox.put(None)
        self.make_way()

    def _connect(self) -> None:
        self._inode = self._path.stat().st_ino
        self._connection = read_only(self._path, one_thread=False)

    def _begin(self) -> None:
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT id FROM log").fetchall()  # the moment that it sees

    def _is_sound(self) -> bool:
        try:
            verify(self._connection)
        except sqlite3.Error as error:
            if is_damage(error):  # the recorder takes a second look
                self._report(Unreadable(error, self._inode))
            return False
        finally:
            self._connection.close()
        self._report(Sound(self._inode))
        return True
