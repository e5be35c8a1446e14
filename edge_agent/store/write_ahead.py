"""The file of the write-ahead log, made as long as it gets before it is used.

A commit that makes the file longer is a commit of the file system's journal, too: 16 kB on an SD
card, for each second of the first minute. Zeros end the log for SQLite, as old frames do.
"""

import os
from contextlib import suppress
from pathlib import Path

WAL_HEADER, FRAME_HEADER = 32, 24  # bytes: https://sqlite.org/fileformat2.html#walformat
LAST_COMMIT = 16  # pages of the commit at whose end the log is folded in


def wal_length(pages: int, page_size: int) -> int:
    """Return the bytes of a write-ahead log that is folded in at `pages` pages."""
    return WAL_HEADER + (pages + LAST_COMMIT) * (FRAME_HEADER + page_size)


def lengthen(path: Path, size: int) -> None:
    """Append zeros up to `size` bytes, which the next commit syncs; a full disk may keep it short.

    Only the writer may do this, and not within a transaction.
    """
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            there = os.fstat(file).st_size
            os.pwrite(file, bytes(max(size - there, 0)), there)
        finally:
            os.close(file)
