"""Whether what looks like damage is damage, or a disk that could not be read for a moment.

SQLite reports a disk's read error (EIO) as SQLITE_CORRUPT. So before anything is called damage, the
files are read without SQLite, and SQLite is asked once more.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from edge_agent.store.log_connection import Progress, read_only, unwatched
from edge_agent.store.soundness import is_damage, is_unwritten_text, verify

BLOCK = 4096  # bytes read at once: what a bad sector costs
PAUSES = (1.0, 2.0, 4.0)  # seconds, in which a disk can be read again, or has a bad sector

Place: TypeAlias = tuple[int, int]  # a descriptor, and where in its file


def is_damaged(
    path: Path,
    database: int,
    error: BaseException | None,
    progress: Progress = unwatched,
    pause: Callable[[float], None] = time.sleep,
) -> bool:
    """Return whether `error` calls the log at `path` damaged, and a second look does, too.

    `database` is an open descriptor of it: SQLite loses its locks if one of our own is closed.
    """
    if not is_damage(error) or not _is_readable((database, 0)):
        return False
    try:
        with _descriptors(database, Path(f"{path}-wal")) as files:
            bad = _unreadable(_places(files), progress)
            if bad:
                return _stay_unreadable(bad, progress, pause)
            return _is_found_again(path, error, progress)
    except OSError:
        return False


@contextmanager
def _descriptors(database: int, wal: Path) -> Iterator[list[int]]:
    if not wal.exists():
        yield [database]
        return
    file = os.open(wal, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield [database, file]
    finally:
        os.close(file)


def _places(files: Iterable[int]) -> Iterator[Place]:
    return ((file, at) for file in files for at in range(0, os.fstat(file).st_size, BLOCK))


def _unreadable(places: Iterable[Place], progress: Progress) -> list[Place]:
    """Return the places that cannot be read; a bad sector takes seconds."""
    bad = []
    for place in places:
        progress()
        if not _is_readable(place):
            bad.append(place)
    return bad


def _is_readable(place: Place) -> bool:
    file, at = place
    try:
        os.pread(file, BLOCK, at)
    except OSError:
        return False
    return True


def _stay_unreadable(bad: list[Place], progress: Progress, pause: Callable[[float], None]) -> bool:
    """Return whether places are never read though the file's begin is: they are bad sectors."""
    begin = (bad[0][0], 0)
    for seconds in PAUSES:
        pause(seconds)
        bad = _unreadable(bad, progress)
        if not (bad and _is_readable(begin)):
            return False
    return True


def _is_found_again(path: Path, error: BaseException | None, progress: Progress) -> bool:
    try:
        with closing(read_only(path)) as connection:
            connection.report_progress_to(progress)
            verify(connection)
    except sqlite3.Error as again:
        return is_damage(again)
    return is_unwritten_text(error)
