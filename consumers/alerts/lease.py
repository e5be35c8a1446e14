"""Which of several instances is active: the one that holds the lock of the state directory.

The kernel releases the lock when its process ends, however it ends.
"""

import fcntl
import os
from pathlib import Path

FILE = "active.lock"


class Lease:
    """The lock of a directory; it is held until the process ends, or until `close`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.open(directory / FILE, flags, 0o600)

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
