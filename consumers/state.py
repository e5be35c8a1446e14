"""The private directory of one consumer, where it keeps what it must not forget."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from edge_agent.errors import AgentError
from edge_agent.paths import expanded

PRIVATE = 0o700
LETTERS, PROGRESS = "dead.sqlite", "progress.sqlite"
LOCK = "lock"


def state_home() -> Path:
    """Return the directory of all consumers of this user, or that of the systemd service."""
    service = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(service) if service else Path(home) / "edge-consumer"


def state_of(*names: str) -> Path:
    """Return the directory of the consumer with these names, whatever characters they have."""
    return state_home().joinpath(*(quote(name, safe="").replace(".", "%2E") for name in names))


def directory_of(given: str | Path, *names: str) -> Path:
    """Return the directory that a user names; if none is given, that of `state_of`."""
    return Path(expanded(str(given))) if given else state_of(*names)


class StateLock:
    """The lock of a private directory, which is created; it is held until `close`.

    The kernel releases it when the process ends, however it ends.
    """

    def __init__(self, directory: Path) -> None:
        """Raise AgentError if the directory cannot be used."""
        try:
            directory.mkdir(PRIVATE, parents=True, exist_ok=True)
            self._file = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            remedy = "name another directory, or make it writable"
            raise AgentError(f"{directory}: {error.strerror}", remedy) from error

    def take(self) -> bool:
        """Take the lock if it is free; return whether it is ours."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Release the lock."""
        os.close(self._file)


@contextmanager
def state_directory(path: str | Path) -> Iterator[Path]:
    """Create a private directory, and hold it: raise AgentError if another process does."""
    directory = Path(expanded(str(path)))
    with closing(StateLock(directory)) as lock:
        if not lock.take():
            what = f"another consumer uses {directory}"
            raise AgentError(what, "give each its own group or state directory")
        yield directory
