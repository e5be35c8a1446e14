"""Text files that people write or record; one that would not end is refused."""

import errno
from pathlib import Path

SHELL = {("/", "dev"), ("/", "proc")}  # where the shell's own pipes are


def text_of(file: Path, largest: int = 1_000_000) -> str:
    """Return the text of a file; raise OSError or UnicodeDecodeError.

    That is also raised for a named pipe, which no program may write, and for a file of more than
    `largest` bytes.
    """
    if file.is_fifo() and file.parts[:2] not in SHELL:
        raise OSError(errno.EINVAL, "a named pipe")
    with file.open("rb") as content:
        found = content.read(largest + 1)
    if len(found) > largest:
        raise OSError(errno.EFBIG, f"more than {largest / 1e6:g} MB")
    return found.decode("utf-8")
