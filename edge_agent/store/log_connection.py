"""A connection to a log's file that takes a schema with bytes that are no text for damage.

SQLite quotes the schema in its message; Python's sqlite3 then raises UnicodeDecodeError, which is
no error of SQLite.
"""

import sqlite3
from pathlib import Path
from typing import Any

from edge_agent.store.soundness import damage


class LogConnection(sqlite3.Connection):
    """Raises sqlite3.DatabaseError, with the code of damage, if a message cannot be decoded."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:  # noqa: ANN401
        """Run a statement."""
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            raise damage("the schema cannot be read") from error


def read_only(path: Path) -> LogConnection:
    """Open for reading; each statement sees the last commit."""
    uri = f"file:{path}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, factory=LogConnection)
