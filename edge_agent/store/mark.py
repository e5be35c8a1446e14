"""What is known of the log outside its database: a small file beside it, which is also its lock.

A disk may lose commits that it had confirmed. So that no offset is given a second time, offsets are
reserved here in blocks, before they are given: one small write for each block spares an SD card.

The file has two copies with a checksum. What the disk has for sure is never written over: a power
cut during a write costs the other copy.
"""

import logging
import os
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.store.lock import is_at, lock_beside, lock_database, lock_name
from edge_agent.store.soundness import LARGEST

BLOCK = 10_000  # offsets
SIZE = 1024  # bytes of a copy; written in place, so that a full disk takes it too
COPIES = (0, 4096)  # where they begin: in two blocks of the disk
END = COPIES[-1] + SIZE

_logger = logging.getLogger(__name__)


LogId: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]*\Z")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST)]


class Mark(msgspec.Struct):
    """The file's content; `left` counts, by kind, what the stop `stop` has left in memory."""

    boot: str = ""  # in which `given` was noted
    log: LogId = ""  # none if neither copy can be read
    reserved: Count = 0  # no offset above was ever given
    given: Count = 0  # the last offset of a commit; after a power cut, perhaps of an older one
    closed: bool = False  # the last offset that was given is `reserved`
    left: dict[str, Count] = {}
    stop: str = ""
    checked: str = ""  # the boot in which the whole log was found sound


class MarkFile:
    """Makes this process the log's only writer until it is closed; `value` is what the disk has."""

    def __init__(self, path: Path, file: int) -> None:
        """`file` is the open descriptor of the file beside the log at `path`."""
        self._path = path
        self._file = file
        self._database = -1
        self._number, self.value, self._spare = _newest(file)
        self.found = self.value  # by the process that has locked it

    @classmethod
    def lock(cls, path: Path) -> "MarkFile":
        """Lock the log at `path`; raise LogError if that cannot be, OSError if the disk fails."""
        file = lock_beside(path)
        try:
            with suppress(OSError):
                os.posix_fallocate(file, 0, END)
            os.fdatasync(file)  # the newest copy may come from a process that did not wait for that
            return cls(path, file)
        except BaseException:
            os.close(file)
            raise

    def lock_database(self, database: Path) -> None:
        """Lock the database too; SQLite must have closed the one that was locked before."""
        if self._database < 0 or not is_at(self._database, database):
            file = lock_database(database)
            self._unlock_database()
            self._database = file

    @property
    def database(self) -> int:
        """Return the descriptor of the database that is locked; -1 if none is."""
        return self._database

    def ensure_locked(self) -> None:
        """Put the file back if it was deleted; raise LogError if another process has it by now."""
        if is_at(self._file, lock_name(self._path)):
            return
        file = lock_beside(self._path)
        try:
            os.pwrite(file, os.pread(self._file, END, 0), 0)
            os.fdatasync(file)
        except BaseException:
            os.close(file)
            raise
        os.close(self._file)
        self._file = file
        what = "%s was deleted while the agent runs; it is there again"
        _logger.warning(what, lock_name(self._path))

    def write(self, mark: Mark) -> None:
        """Put a mark on the disk; raise OSError, with the old one still valid, if that fails."""
        if mark != self.value:
            self._put(mark)
            os.fdatasync(self._file)
            self.value = mark
            self._spare = COPIES[0] + COPIES[1] - self._spare

    def reserve(self, offset: int) -> None:
        """Make sure that `offset` may be given; raise OSError if the disk does not take that."""
        if offset > self.value.reserved:
            self.write(self._changed(reserved=offset + BLOCK, closed=False))

    def ended_cleanly(self, log: str) -> bool:
        """Return whether the last process that wrote this log has left nothing in memory."""
        return self.found.log != log or self.found.closed or bool(self.found.stop)

    def gave(self, offset: int) -> None:
        """Note the last offset of a commit; the disk need not have it: a kill leaves it known."""
        if offset > self.value.given:
            value = self._changed(given=offset)
            with suppress(OSError):
                self._put(value)
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
        """Give up the locks; a second time does nothing."""
        self._unlock_database()
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _unlock_database(self) -> None:
        if self._database >= 0:
            os.close(self._database)
        self._database = -1

    def _put(self, mark: Mark) -> None:
        self._number += 1
        text = msgspec.json.encode((self._number, mark))
        os.pwrite(self._file, (b"%08x" % zlib.crc32(text) + text).ljust(SIZE), self._spare)

    def _changed(self, **changes: object) -> Mark:
        return msgspec.structs.replace(self.value, **changes)


def _newest(file: int) -> tuple[int, Mark, int]:
    """Return the number of the last write, what it wrote, and where the next one goes."""
    first, second = (_copy(os.pread(file, SIZE, at)) for at in COPIES)
    newest, spare = (first, COPIES[1]) if first[0] > second[0] else (second, COPIES[0])
    return *newest, spare


def _copy(content: bytes) -> tuple[int, Mark]:
    """Return a copy, with its number; 0 and an empty mark if it is torn or was never written."""
    with suppress(msgspec.MsgspecError, ValueError):
        text = content[8:].rstrip(b" ")
        if int(content[:8], 16) == zlib.crc32(text):
            return msgspec.json.decode(text, type=tuple[int, Mark])
    return 0, Mark()
