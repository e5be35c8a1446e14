"""The database's shape, version by version; all steps that are due run in one transaction."""

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import LogError
from edge_agent.store.tally import BLOCK, ENTER, TABLE
from edge_agent.store.vacant import TABLE as VACANT

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


ACCOUNT = """
CREATE TABLE account (
    sink TEXT PRIMARY KEY,
    kinds TEXT NOT NULL,          -- JSON: the kinds of event that the sink wants
    start INTEGER NOT NULL,       -- its account begins behind this offset
    "offset" INTEGER NOT NULL,    -- its cursor
    delivered INTEGER NOT NULL,   -- events that the destination owns
    configured BOOLEAN NOT NULL   -- false while the configuration does not name the sink
) WITHOUT ROWID
"""
LOSS = """
CREATE TABLE loss (
    sink TEXT NOT NULL,
    fate TEXT NOT NULL,           -- 'refused' by the destination, or 'dropped' by the agent
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (sink, fate, reason)
) WITHOUT ROWID
"""


TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


def m001_event_log(connection: sqlite3.Connection) -> None:
    """Create the event log, with a random id."""
    for statement in SCHEMA.split(";\n"):
        if statement.strip():
            connection.execute(statement)
    connection.execute("INSERT INTO log VALUES (?)", [secrets.token_hex(6)])


def m002_memory(connection: sqlite3.Connection) -> None:
    """Keep what the engine must know again after a restart."""
    connection.execute(
        "CREATE TABLE memory (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID"
    )


def m003_accounts(connection: sqlite3.Connection) -> None:
    """Keep an account for each sink; those of an older log begin at their cursors."""
    connection.execute(ACCOUNT)
    connection.execute(LOSS)
    connection.execute("""
        INSERT INTO account SELECT sink, '[]', "offset", "offset", 0, FALSE FROM cursor
    """)
    connection.execute("DROP TABLE cursor")
    connection.execute("DROP TABLE dropped")
    connection.execute("ALTER TABLE memory RENAME TO saved_state")


def m004_tally(connection: sqlite3.Connection) -> None:
    """Count the events by block, kind and source."""
    connection.execute(TABLE)
    ((last,),) = connection.execute('SELECT coalesce(max("offset"), 0) FROM event').fetchall()
    connection.execute(ENTER, [last // BLOCK * BLOCK])


def m005_vacant(connection: sqlite3.Connection) -> None:
    """Keep the offsets without an event that are accounted for."""
    connection.execute(VACANT)


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    m001_event_log,
    m002_memory,
    m003_accounts,
    m004_tally,
    m005_vacant,
)


ANOTHER_PLACE = "choose another place with --set log.path=…, or move the file away"


class ForeignDatabase(LogError):
    """The database belongs to another program."""


def log_id(connection: sqlite3.Connection) -> str:
    """Return the database's random id."""
    return str(connection.execute("SELECT id FROM log").fetchone()[0])


def refuse_foreign(connection: sqlite3.Connection, where: Path) -> None:
    """Raise ForeignDatabase for one that another program has made; it stays unchanged."""
    tables = {name for (name,) in connection.execute(TABLES)}
    if tables and "log" not in tables:
        raise ForeignDatabase(f"{where} is a database of another program", ANOTHER_PLACE)


def migrate(connection: sqlite3.Connection, where: str) -> None:
    """Bring a database to the newest version; raise LogError for one that is newer still."""
    version = version_of(connection)
    if version > len(STEPS):
        raise LogError(
            f"{where} was written by a newer edge-agent (version {version}; this one knows"
            f" {len(STEPS)})",
            "install that version again, or move the file away; nothing was changed",
        )
    if version < len(STEPS):
        _apply(connection, version)


def _apply(connection: sqlite3.Connection, version: int) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for step in STEPS[version:]:
        step(connection)
    connection.execute(f"PRAGMA user_version = {len(STEPS)}")
    connection.execute("COMMIT")


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many steps the database has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
