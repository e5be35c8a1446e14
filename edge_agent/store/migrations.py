"""The database's shape: a new one's, and the steps to it from each version, in one transaction."""

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.errors import LogError
from edge_agent.store.tally import BLOCK, ENTER, TABLE
from edge_agent.store.vacant import TABLE as VACANT

if TYPE_CHECKING:
    from sqlite_utils import Database

EVENTS = """
CREATE TABLE event (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused, even after a full trim
    time INTEGER NOT NULL,                       -- µs since 1970, UTC, when measured
    boot INTEGER, uptime INTEGER,                -- only while `time` is not to be trusted
    kind TEXT NOT NULL, source TEXT NOT NULL,
    data TEXT NOT NULL                           -- JSON
)
"""
ALERTS = """CREATE INDEX alert ON event (source, "offset") WHERE kind = 'alert'"""
BOOTS = "CREATE TABLE boot (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE)"
LOG = "CREATE TABLE log (id TEXT NOT NULL)"
SAVED_STATE = """
CREATE TABLE saved_state (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID
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


def create(connection: sqlite3.Connection) -> None:
    """Give an empty database the newest shape, and a random id."""
    for statement in (EVENTS, ALERTS, BOOTS, LOG, SAVED_STATE, ACCOUNT, LOSS, TABLE, VACANT):
        connection.execute(statement)
    connection.execute("INSERT INTO log VALUES (?)", [secrets.token_hex(6)])
    connection.execute(ENTER, [0])


def m001_event_log(db: "Database") -> None:
    """Create the event log, with a random id."""
    for statement in (EVENTS, ALERTS, BOOTS, LOG):
        db.execute(statement)
    db.execute("""
        CREATE TABLE cursor (sink TEXT PRIMARY KEY, "offset" INTEGER NOT NULL) WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE dropped (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID
    """)
    db.execute("INSERT INTO log VALUES (?)", [secrets.token_hex(6)])


def m002_memory(db: "Database") -> None:
    """Keep what the engine must know again after a restart."""
    db.execute("CREATE TABLE memory (name TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID")


def m003_accounts(db: "Database") -> None:
    """Keep an account for each sink; those of an older log begin at their cursors."""
    db.execute(ACCOUNT)
    db.execute(LOSS)
    db.execute("""
        INSERT INTO account SELECT sink, '[]', "offset", "offset", 0, FALSE FROM cursor
    """)
    db.table("cursor").drop()
    db.table("dropped").drop()
    db.rename_table("memory", "saved_state")


def m004_tally(db: "Database") -> None:
    """Count the events by block, kind and source."""
    db.execute(TABLE)
    ((last,),) = db.execute('SELECT coalesce(max("offset"), 0) FROM event').fetchall()
    db.execute(ENTER, [last // BLOCK * BLOCK])


def m005_vacant(db: "Database") -> None:
    """Keep the offsets without an event that are accounted for."""
    db.execute(VACANT)


STEPS: tuple[Callable[["Database"], None], ...] = (
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
        connection.execute("BEGIN IMMEDIATE")
        if version:
            _upgrade(connection, version)
        else:
            create(connection)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")


def _upgrade(connection: sqlite3.Connection, version: int) -> None:
    # 3 MB, and 87 if pandas is installed, which it imports: only an older log needs it.
    from sqlite_utils import Database  # noqa: PLC0415

    db = Database(connection, execute_plugins=False)
    for step in STEPS[version:]:
        step(db)


def version_of(connection: sqlite3.Connection) -> int:
    """Return how many steps the database has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
