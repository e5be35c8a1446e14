"""Logs that are not as an agent leaves them: damaged, or of an older version."""

import random
import sqlite3
from pathlib import Path

from sqlite_utils import Database

from edge_agent.store.mark import MarkFile
from edge_agent.store.migrations import STEPS

LEAF = 13  # the first byte of a page with rows
OLD = 300  # events


def damage(path: Path, chances: random.Random) -> None:
    """Overwrite a page with rows, of those that were written last, and let the next start look."""
    size = page_size(path)
    data = path.read_bytes()
    leaves = [at for at in range(size, len(data), size) if data[at] == LEAF]
    with path.open("r+b") as file:
        file.seek(chances.choice(leaves[-20:-2]))
        file.write(chances.randbytes(size))
    assert not is_sound(path)
    forget_boot(path)


def page_size(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(connection.execute("PRAGMA page_size").fetchone()[0])
    finally:
        connection.close()


def is_sound(path: Path) -> bool:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


def forget_boot(path: Path) -> None:
    """Make the mark one of an earlier boot: the agent then looks through the whole log."""
    mark = MarkFile.lock(path)
    mark.note(boot="", checked="")
    mark.close()


def old_log(path: Path) -> int:
    """Write a log of the version before there were accounts; return how many events wait."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    db = Database(connection, execute_plugins=False)
    for step in STEPS[:2]:
        step(db)
    connection.execute("PRAGMA user_version = 2")
    rows = [
        (10**15 + n, "reading", "old", f'{{"values":{{"n":{n}}},"quality":"good"}}')
        for n in range(OLD)
    ]
    insert = "INSERT INTO event (time, kind, source, data) VALUES (?, ?, ?, ?)"
    connection.executemany(insert, rows)
    connection.execute("INSERT INTO cursor VALUES ('mqtt', 100)")
    connection.close()
    return OLD - 100
