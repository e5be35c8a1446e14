"""The event log that a configuration names, opened for reading beside a running agent."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from edge_agent.config.config import Config
from edge_agent.errors import LogError
from edge_agent.paths import log_path, log_to_read
from edge_agent.store.reader import AS_OWNER, LogReader

# SQLite's codes for a file that is not an event log: no such table, no database, damaged.
FOREIGN = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}

R = TypeVar("R", bound=LogReader)


def path_of_log(settings: Config, file: Path, *, simulated: bool) -> Path:
    """Return the log of a configuration; raise LogError if there is only the other one."""
    path = log_to_read(settings.log.path, settings.node, file, simulated=simulated)
    if simulated and not path.exists():
        raise LogError(f"{path}: there is no event log yet", "run `edge-agent simulate` first")
    other = log_path(settings.log.path, settings.node, simulated=True)
    if path != other and other.exists() and not path.exists():
        raise LogError(f"{path}: there is no event log yet", "--simulated shows that of `simulate`")
    return path


@contextmanager
def opened_log(path: Path, reading: type[R]) -> Iterator[R]:
    """Open a log for a block; raise LogError if it cannot be read."""
    try:
        reader = reading(path)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF not in FOREIGN:
            raise LogError(f"{path}: {error}", AS_OWNER) from error
        raise LogError(
            f"{path}: not an event log: {error}", "name another with --set log.path=…"
        ) from error
    try:
        yield reader
    finally:
        reader.close()
