"""The locks that make this process a log's only writer.

One is on `<path>.lock`: it holds while a salvage replaces the database. The other one is on the
database itself: it holds although `<path>.lock` was deleted. Both are `flock`s: SQLite's own locks
are of another kind, and end when any descriptor of the database is closed.
"""

import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path

from edge_agent.directories import sync_directory
from edge_agent.errors import LogError
from edge_agent.private_files import ensure

LOCKS = Path("/proc/locks")
ANOTHER_PLACE = "choose another place with --set log.path=…, or make this one writable"
KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def lock_beside(path: Path) -> int:
    """Lock `<path>.lock`, which is made if it is missing; return its descriptor.

    Raises LogError if another process has it, or if the place does not allow it.
    """
    name = lock_name(path)
    _refuse_other_kinds(path)
    while True:
        file = _opened(path, name, os.O_RDWR)
        lock(file, path)
        if is_at(file, name):  # else it was deleted before it was locked
            return file
        os.close(file)


def lock_database(path: Path) -> int:
    """Lock the database, which is made if it is missing; return its descriptor.

    It may be closed only after SQLite has closed the file. Raises LogError as `lock_beside` does.
    """
    file = _opened(path, path, os.O_RDONLY)
    lock(file, path)
    return file


def lock(file: int, path: Path) -> None:
    """Lock an open file; close it and raise LogError if another process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        if not isinstance(error, BlockingIOError):
            raise
        raise LogError(
            f"{path}: another edge-agent writes this log",
            "stop it (`systemctl stop edge-agent`), or choose another with --set log.path=…",
        ) from error


def is_locked(path: Path) -> bool:
    """Return whether a process writes this log: the kernel lists its locks."""
    wanted = set()
    with suppress(OSError):
        wanted = {str(name.stat().st_ino) for name in (path, lock_name(path))}
        held = (line.split() for line in LOCKS.read_text(encoding="ascii").splitlines())
        wanted -= {words[5].split(":")[2] for words in held if words[1] == "FLOCK"}
        return not wanted
    return False


def is_at(file: int, path: Path) -> bool:
    """Return whether a path still leads to an open file."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), path.stat())
    return False


def lock_name(path: Path) -> Path:
    """Return the name of the file beside the log."""
    return Path(f"{path}.lock")


def _opened(path: Path, name: Path, flags: int) -> int:
    _refuse_other_kinds(name)
    try:
        _make_directory(path.parent)
        ensure(name)
        return os.open(name, flags | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LogError(f"{path}: cannot write to {path.parent}: {reason}", ANOTHER_PLACE) from error


def _make_directory(path: Path) -> None:
    missing = [one for one in (path, *path.parents) if not one.exists()]
    path.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # not every directory may be read
        for one in missing:
            sync_directory(one.parent)


def _refuse_other_kinds(name: Path) -> None:
    with suppress(OSError):  # opening it will say why
        kind = stat.S_IFMT(name.stat().st_mode)
        if kind != stat.S_IFREG:
            raise LogError(
                f"{name}: this is {KINDS.get(kind, 'no file')}, the event log needs a file",
                "choose another place with --set log.path=…",
            )
