"""Dead letters in an SQLite database, which `edge-consumer dead` reads beside the consumer."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from consumers.inbox.dead_letters import KeptLetter
from consumers.inbox.sqlite_progress import open_database
from edge_agent.errors import AgentError

MOST = 1_000  # letters: some 200 MB at worst
AT_ONCE = 100  # that are tried again
TABLES = """
CREATE TABLE IF NOT EXISTS letter (
    key TEXT PRIMARY KEY, reason TEXT NOT NULL, payload BLOB NOT NULL, whole INTEGER NOT NULL,
    at REAL NOT NULL, due INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS dropped (total INTEGER NOT NULL);
INSERT INTO dropped SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM dropped)
"""
KEEP = """
INSERT INTO letter VALUES (?, ?, ?, ?, ?, 0)
ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, at = excluded.at, due = 0
"""
COLUMNS = "SELECT key, reason, payload, whole, at FROM letter"
FULL = """
DELETE FROM letter
WHERE key IN (SELECT key FROM letter ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?)
"""
NAMED = "key IN (SELECT value FROM json_each(?))"


class SqliteLetters:
    """The newest letters, at most MOST; those that had no room are counted."""

    def __init__(self, path: Path, most: int = MOST) -> None:
        """Open or create the database; raise AgentError if it cannot be used."""
        self._path = path
        self._most = most
        try:
            self._database = open_database(path, TABLES)
        except sqlite3.Error as error:
            raise AgentError(f"{path}: {error}", "free it, repair it or move it away") from error

    @property
    def dropped(self) -> int:
        """Return how many letters had no room."""
        (total,) = self._database.execute("SELECT total FROM dropped").fetchone()
        return int(total)

    def __iter__(self) -> Iterator[KeptLetter]:
        return map(_letter, self._database.execute(f"{COLUMNS} ORDER BY at, rowid"))

    def update(self, new: Sequence[KeptLetter], done: Iterable[str]) -> None:
        """Remove letters and keep new ones, in one transaction."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany("DELETE FROM letter WHERE key = ?", [(k,) for k in done])
            self._database.executemany(KEEP, new)
            full = self._database.execute(FULL, [self._most])
            self._database.execute("UPDATE dropped SET total = total + ?", [full.rowcount])

    def due(self) -> Sequence[KeptLetter]:
        """Return some letters that are to be tried again, oldest first."""
        query = f"{COLUMNS} WHERE due ORDER BY at, rowid LIMIT ?"
        return [_letter(row) for row in self._database.execute(query, [AT_ONCE])]

    def retry(self, keys: Sequence[str]) -> int:
        """Let whole letters be tried again, all if no key is given; return how many."""
        return self._change("UPDATE letter SET due = 1 WHERE whole", keys)

    def drop(self, keys: Sequence[str]) -> int:
        """Remove letters, all if no key is given; return how many."""
        return self._change("DELETE FROM letter WHERE true", keys)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _change(self, statement: str, keys: Sequence[str]) -> int:
        which = f" AND {NAMED}" if keys else ""
        values = [json.dumps(keys)] if keys else []
        return self._database.execute(statement + which, values).rowcount


def _letter(row: tuple[str, str, bytes, int, float]) -> KeptLetter:
    key, reason, payload, whole, at = row
    return KeptLetter(key, reason, payload, bool(whole), at)
