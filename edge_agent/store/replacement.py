"""The files of a replacement: the new database is whole before the damaged one is touched.

`<path>.salvage` is being built and is worth nothing; renamed to `<path>.salvaged`, it is complete
and takes the place of the log, now or at the next start. So the agent may be killed at any moment.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from edge_agent.directories import sync_directory
from edge_agent.private_files import protect_database
from edge_agent.store.log_connection import LogConnection

_logger = logging.getLogger(__name__)
COMPANIONS = ("-wal", "-shm", "-journal")
COPIED = 1000  # pages between two signs of progress


def unfinished(path: Path) -> Path:
    """Return the name under which a new database is built."""
    return Path(f"{path}.salvage")


def complete(path: Path) -> None:
    """Declare the new database complete: from now on it is the log."""
    unfinished(path).rename(_completed(path))
    sync_directory(path.parent)


def inode_at(path: Path) -> int:
    """Return which file is at a path; 0 if there is none."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def write_again(path: Path, connection: LogConnection) -> None:
    """Copy an open database, whose file is no longer at `path`: the copy is complete."""
    _logger.error("%s was replaced or deleted: the event log is written again", path)
    discard(path)
    protect_database(unfinished(path))
    with closing(sqlite3.connect(unfinished(path))) as new:
        connection.backup(new, pages=COPIED, progress=lambda *_: connection.progress())
        new.execute("PRAGMA journal_mode = DELETE")  # all of it is in one file now
    complete(path)


def finish(path: Path) -> bool:
    """Put a completed database in its place, remove an unfinished one; return if there was one."""
    found = _completed(path).exists()
    if found:
        _set_aside(path)  # nothing, if the agent was killed after this step
        _completed(path).rename(path)
        sync_directory(path.parent)
    discard(path)
    return found


def discard(path: Path) -> None:
    """Remove what is left of a database that was being built."""
    for suffix in ("", *COMPANIONS):
        Path(f"{unfinished(path)}{suffix}").unlink(missing_ok=True)


def next_aside(path: Path) -> Path:
    """Return the first free `<path>.damaged-<n>`."""
    return next(name for name in _asides(path) if not name.exists())


def last_aside(path: Path) -> Path | None:
    """Return the database that was set aside last, if there is one."""
    found = None
    for name in _asides(path):
        if not name.exists():
            return found
        found = name
    return found


def _set_aside(path: Path) -> None:
    """Rename the database after its companions: until it is gone, its name is not taken."""
    aside = next_aside(path)
    for suffix in (*COMPANIONS, ""):
        companion = Path(f"{path}{suffix}")
        if companion.exists():
            companion.rename(f"{aside}{suffix}")
    sync_directory(path.parent)  # before its name is taken


def _asides(path: Path) -> Iterator[Path]:
    return (Path(f"{path}.damaged-{n}") for n in range(1, 1_000_000))


def _completed(path: Path) -> Path:
    return Path(f"{path}.salvaged")
