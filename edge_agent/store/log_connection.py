"""A connection to a log's file that raises errors of SQLite, and no others.

SQLite quotes a damaged schema in its message, and Python's sqlite3 then raises UnicodeDecodeError;
if memory is short, or a damaged row asks for too much of it, it raises MemoryError.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from edge_agent.store.soundness import damage

STEPS = 1_000_000  # of SQLite's virtual machine: a fraction of a second on a Zero

Progress: TypeAlias = Callable[[], None]  # what long work calls, so that it does not look stuck


def unwatched() -> None:
    """Take a sign of progress for which nothing waits."""


class LogConnection(sqlite3.Connection):
    """Raises sqlite3.DatabaseError, with the code of damage, if a message cannot be decoded.

    A lack of memory is no damage, but an error to wait for: sqlite3.OperationalError.
    """

    progress: Progress = staticmethod(unwatched)

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
        """Run a statement."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            raise damage("the schema cannot be read") from error
        except MemoryError as error:
            raise sqlite3.OperationalError("SQLite is out of memory") from error

    def report_progress_to(self, progress: Progress) -> None:
        """Call `progress` every so often while a statement takes long."""
        self.progress = progress
        self.set_progress_handler(progress, STEPS)


def read_only(path: Path, *, one_thread: bool = True) -> LogConnection:
    """Open for reading; each statement sees the last commit."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        check_same_thread=one_thread,
        factory=LogConnection,
    )
