"""Files that not every user of the machine may read: secrets, and what was measured."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from edge_agent.errors import AgentError

GROUP_READS = 0o640  # rw for its owner, r for its group
OTHERS = 0o007
OTHERS_READ = 0o004
COMPANIONS = ("", "-wal", "-shm", "-journal")  # of a database


def create(path: Path, mode: int = GROUP_READS) -> int:
    """Create a file with exactly this mode, whatever the umask; return it open for writing.

    Raise FileExistsError if the file exists.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with suppress(OSError):  # FAT has no modes
        os.fchmod(file, mode)
    return file


def ensure(path: Path, mode: int = GROUP_READS) -> None:
    """Create an empty file with this mode; an existing file keeps its own."""
    with suppress(FileExistsError):
        os.close(create(path, mode))


def protect_database(path: Path) -> None:
    """Create a database's file if it is missing, and keep other users out of an existing one.

    SQLite gives its companions the mode of the database. An error is left to SQLite to explain.
    """
    with suppress(OSError):
        ensure(path)
    for companion in (Path(f"{path}{suffix}") for suffix in COMPANIONS):
        with suppress(OSError):
            mode = companion.stat().st_mode
            if stat.S_ISREG(mode) and mode & OTHERS:
                companion.chmod(mode & 0o770)


def refuse_exposed(path: str) -> None:
    """Raise AgentError, without the path, if every user of the machine may read a secret.

    A file that cannot be examined passes: reading it will fail, with the reason.
    """
    with suppress(OSError, ValueError):
        mode = Path(path).stat().st_mode
        if stat.S_ISREG(mode) and mode & OTHERS_READ:
            what = "every user of this machine can read it"
            raise AgentError(what, f"`sudo chmod 640 {path}`")
