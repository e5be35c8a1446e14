"""The file sink: every event as a line of JSON, in a file that is rotated.

An event is delivered once fsync has returned. A line that a power cut tore apart was never
delivered, and is cut off before the next one is written.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated

from msgspec import Meta

from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.sink import (
    SinkContext,
    SinkOptions,
    SinkPlan,
    SinkProblem,
    SinkType,
    file_claim,
)
from edge_agent.directories import sync_directory
from edge_agent.errors import SinkUnavailable
from edge_agent.events import LoggedEvent
from edge_agent.keys import within
from edge_agent.paths import expanded
from edge_agent.private_files import ensure
from edge_agent.units import Size

LARGEST_BATCH = 4_000_000  # bytes


class FileOptions(SinkOptions, frozen=True, kw_only=True):
    """The keys of a `file:` sink."""

    max_size: Annotated[
        Size,
        Meta(
            description="a file that would grow beyond this is rotated; at least 10kB",
            extra=within(10_000),
        ),
    ] = Size(10_000_000)
    files: Annotated[
        int, Meta(ge=1, le=1000, description="how many older files stay, as .1, .2, …")
    ] = 5


class FileSink:
    """Appends to the file that the plan's URL names; safe against power cuts."""

    def __init__(self, plan: SinkPlan[FileOptions], context: SinkContext) -> None:
        self.name = plan.name
        self._path = path_of(plan.url[0])
        self._options = plan.options
        self._envelope = Envelope(context.node, context.log_id)
        self._file: IO[bytes] | None = None
        self._size = 0

    def open(self) -> None:
        """Open the file for appending; raise `SinkUnavailable` if that fails."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            ensure(self._path)
            self._file = self._path.open("a+b", buffering=0)
            if not ours(self._file):
                raise OSError("this is not a file of events; choose another one")
            self._size = whole_lines(self._path)
            self._file.truncate(self._size)
            sync_directory(self._path.parent)
        except OSError as error:
            raise self._unavailable(error) from error

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Write and sync a batch, all of it or nothing; see `Sink`."""
        lines = b"".join(self._envelope.encode(event) + b"\n" for event in batch)
        try:
            if self._file is None or self._changed(self._file):
                self.close()
                self.open()
            if self._size and self._size + len(lines) > self._options.max_size:
                self._rotate()
            self._append(lines)
        except OSError as error:
            self._undo()
            raise self._unavailable(error) from error
        return len(batch)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _changed(self, file: IO[bytes]) -> bool:
        """Return whether another program removed, replaced or cut the file since the last batch."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return True
        return found.st_ino != os.fstat(file.fileno()).st_ino or found.st_size != self._size

    def _append(self, lines: bytes) -> None:
        if self._file is None:
            raise OSError("the file is not open")
        written = 0
        while written < len(lines):
            written += self._file.write(lines[written:])
        os.fsync(self._file.fileno())
        self._size += len(lines)

    def _undo(self) -> None:
        """Take a half-written batch back; the next delivery opens the file again."""
        with suppress(OSError):
            os.truncate(self._path, self._size)
        with suppress(OSError):
            self.close()
        self._file = None

    def _rotate(self) -> None:
        """Rename the file to .1, older ones to the next number; the oldest one goes."""
        self.close()
        for number in range(self._options.files, 0, -1):
            older = Path(f"{self._path}.{number - 1}") if number > 1 else self._path
            if older.exists():
                older.replace(f"{self._path}.{number}")
        self.open()

    def _unavailable(self, error: OSError) -> SinkUnavailable:
        reason = error.strerror or str(error)
        return SinkUnavailable(f"{self._path}: {reason}", "make room, or make it writable")


def ours(file: IO[bytes]) -> bool:
    """Return whether a file is empty or begins as ours do; a power cut may leave zeros.

    A device is none: it would be renamed when it is full.
    """
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return False
    file.seek(0)
    return file.read(1) in (b"", b"{", b"\0")


def whole_lines(path: Path) -> int:
    """Return the size of a file up to its last line end before what a power cut has torn."""
    with path.open("rb") as file:
        end = _written(file, file.seek(0, os.SEEK_END))
        while end:
            begin = max(end - 65_536, 0)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            end = begin
    return 0


def _written(file: IO[bytes], size: int) -> int:
    """Return where the zeros begin that a power cut has left in the last batch, or the size."""
    begin = file.seek(max(size - LARGEST_BATCH, 0))
    found = file.read().find(b"\0")  # JSON has none
    return size if found < 0 else begin + found


def path_of(url: str) -> Path:
    """Return the path of `file:///path`, `file:/path` or `file:~/path`."""
    return Path(expanded(url.partition(":")[2].removeprefix("//")))


def check(plan: SinkPlan[FileOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan."""
    paths = [path_of(url) for url in plan.url]
    if len(paths) != 1 or not paths[0].name:
        yield SinkProblem("url", " ".join(plan.url), "name one file, as in file:///var/log/e.jsonl")
    elif not paths[0].is_absolute():
        what = "the path is relative; begin it with /, as in file:///var/log/e.jsonl"
        yield SinkProblem("url", plan.url[0], what)
    elif os.path.isdir(paths[0]):  # noqa: PTH112 - false, not an error, if it may not look
        yield SinkProblem("url", plan.url[0], "this is a directory; name a file in it")


def claims(plan: SinkPlan[FileOptions], _node: str) -> Iterator[str]:
    """Yield the plan's file: a second writer would cut off what the first one has written."""
    yield from (file_claim(path_of(url)) for url in plan.url)


SINK = SinkType(FileOptions, check, FileSink, claims)
