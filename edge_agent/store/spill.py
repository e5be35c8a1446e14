"""Where events go at a stop, if the log does not take them: to another directory, until the start.

A file there has a header and one event in a line. It is taken in once: the log keeps the names of
the stops whose files it has, in the transaction that takes their events.
"""

import logging
import os
import secrets
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge_agent.clock import Clock
from edge_agent.directories import sync_directory
from edge_agent.events import Event, gap, lifecycle
from edge_agent.store.event_log import EventLog
from edge_agent.store.mark import Count

TAKEN = "store/taken"  # the saved state that names the stops
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)  # what a decoder raises
_logger = logging.getLogger(__name__)
_encoder = msgspec.json.Encoder()
_event = msgspec.json.Decoder(Event)


class Spill(NamedTuple):
    """The directories that may take events, in the order in which they are tried."""

    directories: tuple[Path, ...]


class Header(msgspec.Struct):
    """What a file belongs to; `left` counts, by kind, what the stop has left in memory."""

    stop: str
    boot: str
    left: dict[str, Count]
    states: dict[str, str]


class SpillFile(NamedTuple):
    """What could be read of one file."""

    path: Path
    header: Header
    events: list[Event]


def spill(
    log: EventLog,
    place: Spill,
    events: Sequence[Event],
    states: Mapping[str, bytes],
    lost: Mapping[str, int],
) -> None:
    """Write events as far as there is room; log how many events the next start will miss.

    The log's mark and each file count all of them, and those that were `lost` before.
    """
    left = dict(Counter(event.kind for event in events) + Counter(lost))
    known = {name: data.decode() for name, data in states.items()}
    header = Header(secrets.token_hex(6), log.boot, left, known)
    rest = events
    for directory in place.directories:
        rest = rest[_write(directory / _name(log.id), header, rest) :]
    log.mark.note(left=left, stop=header.stop)
    missing = len(rest) + sum(lost.values())
    what = "stopped: %d events wait outside the event log for the next start, %d are lost"
    _logger.error(what, len(events) - len(rest), missing)


def take_in(log: EventLog, place: Spill, clock: Clock) -> None:
    """Append what the last stop has spilled, account for what it has lost, delete the files."""
    files = list(_files(log, place))
    known = _taken(log)
    fresh = [file for file in files if file.header.stop not in known]
    mark = log.mark.value
    left = {file.header.stop: file.header.left for file in fresh}
    if mark.left and mark.stop not in known:
        left[mark.stop] = mark.left
    if left:
        with log.transaction():
            _append(log, fresh, left, clock)
            seen = {mark.stop, *(file.header.stop for file in files)} - {""}
            log.save_state(TAKEN, _encoder.encode(sorted(seen)).decode())
    log.mark.note(left={}, stop="")
    for file in files:
        with suppress(OSError):
            file.path.unlink()


def _taken(log: EventLog) -> set[str]:
    """Return the stops whose files the log has; none if that cannot be read."""
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(log.saved_state(TAKEN) or "[]", type=set[str])
    return set()


def _append(
    log: EventLog, files: Sequence[SpillFile], left: Mapping[str, Mapping[str, int]], clock: Clock
) -> None:
    missing = sum((Counter(counts) for counts in left.values()), Counter[str]())
    for file in files:
        missing -= Counter(event.kind for event in file.events)
        log.append(file.events, boot=file.header.boot)
        for name, data in file.header.states.items():
            log.save_state(name, data)
    now, lost = clock.now(), missing.total()
    log.account.drop_unrecorded(missing, "disk_full")
    count = sum(len(file.events) for file in files)
    notes = [lifecycle(now, "spill_taken_in", events=count, dropped=lost)]
    log.append([*notes, gap(now, "disk_full", [], lost)] if lost else notes)


def _name(log: str) -> str:
    return f"edge-agent-{log}.spill"


def _write(path: Path, header: Header, events: Sequence[Event]) -> int:
    """Write a file; return how many events it holds."""
    written = -1  # the header is no event
    with suppress(OSError):
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
            for item in (header, *events):
                file.write(_encoder.encode(item) + b"\n")
                file.flush()
                written += 1
            os.fsync(file.fileno())
        sync_directory(path.parent)
    return max(written, 0)


def _files(log: EventLog, place: Spill) -> Iterator[SpillFile]:
    for directory in place.directories:
        path = directory / _name(log.id)
        with suppress(OSError, *UNREADABLE):
            lines = _own(path).splitlines()
            header = msgspec.json.decode(lines[0] if lines else b"", type=Header)
            yield SpillFile(path, header, list(_events(lines[1:])))


def _own(path: Path) -> bytes:
    """Return a file's content; nothing if another user has put it there."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
        return file.read() if ours else b""


def _events(lines: Sequence[bytes]) -> Iterator[Event]:
    """Yield what was written whole: a full disk may have cut off the last line."""
    with suppress(*UNREADABLE):
        for line in lines:
            yield _event.decode(line)
