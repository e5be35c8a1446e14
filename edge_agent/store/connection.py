"""How the event log's database is opened for writing."""

import sqlite3
from pathlib import Path

from edge_agent.errors import LogError
from edge_agent.private_files import protect_database
from edge_agent.store.log_connection import LogConnection, Progress, unwatched
from edge_agent.store.migrations import refuse_foreign

# A commit rewrites whole pages: with 1 kB, ten events cost an SD card half of what 4 kB would.
PAGE_SIZE = 1024
# Each commit that makes the write-ahead log longer is a commit of the file system's journal, too:
# a short one is soon as long as it gets, and is then written over.
CHECKPOINT_PAGES = 400
WAL_PAGES = 4000  # which a reader may make it grow to
BUSY_MS = 5000  # how long a lock of another process is waited for


def connect(path: Path, progress: Progress = unwatched) -> LogConnection:
    """Open for writing with our settings; raise LogError if the place does not allow it.

    A statement that takes long calls `progress`.
    """
    protect_database(path)
    try:
        connection = sqlite3.connect(
            path,
            timeout=BUSY_MS / 1000,
            isolation_level=None,
            check_same_thread=False,
            factory=LogConnection,
        )
        try:
            connection.report_progress_to(progress)
            _configure(connection, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        raise LogError(
            f"{path}: {error}",
            "the file and its directory must be writable for this user, on a disk with room",
        ) from error
    return connection


def _configure(connection: LogConnection, path: Path) -> None:
    refuse_foreign(connection, path)
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")  # NORMAL loses commits at a power cut
    connection.execute("PRAGMA secure_delete = OFF")  # Debian's ON writes what is deleted again
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
