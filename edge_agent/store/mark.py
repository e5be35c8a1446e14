"""What is known of the log outside its database: a small file beside it, which is also its lock.

A disk may lose commits that it had confirmed. So that no offset is given a second time, offsets are
reserved here in blocks, before they are given: one small write for each block spares an SD card.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.errors import LogError
from edge_agent.private_files import ensure
from edge_agent.store.soundness import LARGEST

BLOCK = 10_000  # offsets
SIZE = 1024  # bytes; written in place, so that a full disk takes it too


LogId: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]*\Z")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST)]


class Mark(msgspec.Struct):
    """The file's content; `left` counts, by kind, what the stop `stop` has left in memory."""

    boot: str = ""  # in which the log was found sound
    log: LogId = ""
    reserved: Count = 0  # no offset above was ever given
    given: Count = 0  # the last offset of a commit; after a power cut, perhaps of an older one
    closed: bool = False  # the last offset that was given is `reserved`
    left: dict[str, Count] = {}
    stop: str = ""


class MarkFile:
    """Makes this process the log's only writer until it is closed; `value` is what the disk has."""

    def __init__(self, file: int) -> None:
        """`file` is an open file descriptor."""
        self._file = file
        self.value = _read(file)

    @classmethod
    def lock(cls, path: Path) -> "MarkFile":
        """Lock the log at `path`; raise LogError if that cannot be."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            ensure(Path(f"{path}.lock"))
            file = os.open(f"{path}.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise LogError(
                f"{path}: cannot write to {path.parent}: {os.strerror(error.errno or 0)}",
                "choose another place with --set log.path=…, or make this one writable",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return cls(file)
        except BlockingIOError as error:
            os.close(file)
            raise LogError(
                f"{path}: another edge-agent writes this log",
                "stop it (`systemctl stop edge-agent`), or choose another with --set log.path=…",
            ) from error
        except BaseException:
            os.close(file)
            raise

    def write(self, mark: Mark) -> None:
        """Put a mark on the disk; raise OSError, with the old one still valid, if that fails."""
        if mark != self.value:
            os.pwrite(self._file, msgspec.json.encode(mark).ljust(SIZE), 0)
            os.fdatasync(self._file)
            self.value = mark

    def reserve(self, offset: int) -> None:
        """Make sure that `offset` may be given; raise OSError if the disk does not take that."""
        if offset > self.value.reserved:
            self.write(self._changed(reserved=offset + BLOCK, closed=False))

    def gave(self, offset: int) -> None:
        """Note the last offset of a commit; the disk need not have it: a kill leaves it known."""
        if offset > self.value.given:
            value = self._changed(given=offset)
            with suppress(OSError):
                os.pwrite(self._file, msgspec.json.encode(value).ljust(SIZE), 0)
                self.value = value

    def note(self, **changes: object) -> None:
        """Change what is only worth knowing, if the disk has room."""
        with suppress(OSError):
            self.write(self._changed(**changes))

    def adopt(self, log: str, last: int) -> None:
        """Be the mark of the log with this id; what was reserved for another says nothing."""
        if self.value.log != log:
            self.value = self._changed(log=log, reserved=last, given=last, closed=False)

    def close(self) -> None:
        """Give up the lock; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _changed(self, **changes: object) -> Mark:
        return msgspec.structs.replace(self.value, **changes)


def _read(file: int) -> Mark:
    try:
        return msgspec.json.decode(os.pread(file, SIZE, 0), type=Mark)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # empty, torn, or of an older version
        return Mark()
