"""The database's shape, version by version; each step runs in one transaction with its number."""

import secrets
from collections.abc import Callable

from sqlite_utils import Database

from edge_agent.errors import LogError

SCHEMA = """
CREATE TABLE event (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused, even after a full trim
    time INTEGER NOT NULL,                       -- µs since 1970, UTC, when measured
    boot INTEGER, uptime INTEGER,                -- only while `time` is not to be trusted
    kind TEXT NOT NULL, source TEXT NOT NULL,
    data TEXT NOT NULL                           -- JSON
);
CREATE INDEX alert ON event (source, "offset") WHERE kind = 'alert';
CREATE TABLE cursor (sink TEXT PRIMARY KEY, "offset" INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE boot (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE);
CREATE TABLE dropped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE log (id TEXT NOT NULL);
"""


def m001_event_log(db: Database) -> None:
    """Create the event log, with a random id of its own."""
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            db.execute(statement)
    db.execute("INSERT INTO log VALUES (?)", [secrets.token_hex(6)])


def m002_memory(db: Database) -> None:
    """Keep what the engine must know again after a restart."""
    db.execute("CREATE TABLE memory (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")


STEPS: tuple[Callable[[Database], None], ...] = (m001_event_log, m002_memory)


def migrate(db: Database, where: str) -> None:
    """Bring a database to the newest version; raise LogError for one that is newer still."""
    version = version_of(db)
    if version > len(STEPS):
        raise LogError(
            f"{where} was written by a newer edge-agent (version {version}; this one knows"
            f" {len(STEPS)})",
            "install that version again, or move the file away; nothing was changed",
        )
    for number, step in enumerate(STEPS[version:], version + 1):
        db.execute("BEGIN IMMEDIATE")
        step(db)
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")


def version_of(db: Database) -> int:
    """Return how many steps the database has seen."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])
