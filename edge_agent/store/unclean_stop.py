"""What a kill or a power cut has taken, as the next start reports it.

How many events wait in memory for their commit stands in a file in memory, too: a kill leaves it, a
power cut does not. A log that was closed, or whose rest was spilled, has missed nothing.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.clock import Moment, rfc3339
from edge_agent.events import Event, lifecycle
from edge_agent.store.event_log import EventLog
from edge_agent.store.mark import Count

SIZE = 200  # bytes: written over in place, by one call, so that a kill leaves all or nothing
FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# The time of an aggregate is that of its begin.
LAST_COMMIT = """
SELECT time FROM (
    SELECT * FROM event WHERE "offset" <= ? ORDER BY "offset" DESC LIMIT 100
) WHERE kind != 'aggregate' AND boot IS NULL LIMIT 1
"""


class WaitingCount(msgspec.Struct, frozen=True, array_like=True):
    """So many events waited in a boot, when `offset` was the last that was committed."""

    boot: str
    offset: Count
    count: Count


class OpenFile(NamedTuple):
    """A file that is open, by its descriptor."""

    path: Path
    file: int


NO_FILE = OpenFile(Path(), -1)


class WaitingFile:
    """Keeps how many events wait; `found` is what another process has left of the same boot."""

    def __init__(self, directories: tuple[Path, ...], log: EventLog) -> None:
        name = f"edge-agent-{log.id}.waiting"
        opened = (_opened(directory / name) for directory in directories)
        self._path, self._file = next((one for one in opened if one.file >= 0), NO_FILE)
        self._boot = log.boot
        found = self._read()
        self.found = found if found is not None and found.boot == log.boot else None
        self._written: WaitingCount | None = None
        # Until something is committed, what an earlier process has lost is lost as well.
        self._lost = 0 if self.found is None else self.found.count
        self._began = log.mark.value.given

    def note(self, offset: int, count: int) -> None:
        """Note that so many events wait, and the last offset that was committed."""
        lost = self._lost if offset <= self._began else 0
        waiting = WaitingCount(self._boot, offset, count + lost)
        if waiting != self._written:
            self._written = waiting
            with suppress(OSError):
                os.pwrite(self._file, msgspec.json.encode(waiting).ljust(SIZE), 0)

    def remove(self) -> None:
        """Remove the file: nothing waits any more."""
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            os.close(self._file)
        self._path, self._file = NO_FILE

    def _read(self) -> WaitingCount | None:
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(os.pread(self._file, SIZE, 0).rstrip(), type=WaitingCount)
        return None


def _opened(path: Path) -> OpenFile:
    """Open a file of our own; none if another user has put it there."""
    with suppress(OSError):
        file = os.open(path, FLAGS, 0o600)
        found = os.fstat(file)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid():
            return OpenFile(path, file)
        os.close(file)
    return NO_FILE


def unclean_stop(log: EventLog, waiting: WaitingFile, now: Moment) -> list[Event]:
    """Return the event that reports how the last process ended, if it did not close the log.

    It is to be recorded before everything else: only then it is not reported once more.
    """
    if log.mark.ended_cleanly(log.id):
        return []
    committed = log.mark.found.given
    missing = _missing(waiting.found, committed)
    return [
        lifecycle(now, "unclean_stop", missing=missing, last_commit=_last_commit(log, committed))
    ]


def _last_commit(log: EventLog, committed: int) -> str:
    """Return the time of the last event up to an offset, if its clock was set."""
    for (time,) in log.execute(LAST_COMMIT, (committed,)):
        return rfc3339(time, "microseconds")
    return ""


def _missing(found: WaitingCount | None, committed: int) -> int | None:
    """Return how many events waited; some of them may have been committed since that was noted."""
    return None if found is None else max(found.count - max(committed - found.offset, 0), 0)
