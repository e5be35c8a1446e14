"""Progress in an SQLite database, in which a consumer may keep its effect as well."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from consumers.inbox.progress import DoneRange, ProgressChanges
from edge_agent.errors import AgentError
from edge_agent.private_files import protect_database

LOCK_SECONDS = 10.0
TABLES = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS synced (commits INTEGER NOT NULL);
INSERT INTO synced SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM synced);
CREATE TABLE IF NOT EXISTS done (
    log TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (log, first)
) WITHOUT ROWID;
COMMIT
"""
GROWN = """
INSERT INTO done VALUES (?, ?, ?) ON CONFLICT (log, first) DO UPDATE SET last = excluded.last
"""


class SqliteProgress:
    """The table `done` of a database; `database` is open for tables of the consumer."""

    def __init__(self, path: Path) -> None:
        """Open or create the database; raise AgentError if it cannot be used."""
        try:
            self.database = open_database(path, TABLES)
        except sqlite3.Error as error:
            raise AgentError(f"{path}: {error}", "free it, repair it or move it away") from error

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Commit at the end of the block; after an error, leave everything as it was.

        A commit survives a kill. It survives a loss of power, too, if it is `durable`, or once a
        later one is: the bus must not forget an event before that.
        """
        self.database.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield self.database
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")

    def sync(self) -> None:
        """Make all that was committed survive a loss of power."""
        with self.transaction():
            self.database.execute("UPDATE synced SET commits = commits + 1")

    def load(self) -> Iterator[DoneRange]:
        """Yield every range."""
        for row in self.database.execute("SELECT log, first, last FROM done"):
            yield DoneRange(*row)

    def save(self, changes: ProgressChanges) -> None:
        """Store changes in the open transaction."""
        self.database.executemany("DELETE FROM done WHERE log = ? AND first = ?", changes.gone)
        self.database.executemany(GROWN, changes.grown)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def open_database(path: Path, tables: str) -> sqlite3.Connection:
    """Open a private database that survives a kill at any moment, and run the script `tables`.

    Raises sqlite3.Error.
    """
    protect_database(path)
    database = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(tables)
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            database.close()
        raise
    return database
