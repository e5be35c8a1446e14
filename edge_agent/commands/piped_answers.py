"""Answers to questions from a pipe or a file, which may be endless or silent."""

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LINES = 100  # more than there are questions: a wrong answer is asked for again
LONGEST = 1000  # bytes of a line
PATIENCE = 60.0  # seconds


class PipedAnswers(io.TextIOBase):
    """The lines of a file, which ends at one that is too long, after too many, or in silence."""

    def __init__(self, file: int, patience: float = PATIENCE) -> None:
        self._file = file
        self._patience = patience
        self._lines = 0

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        """Return the next line; "" at the end."""
        del size
        self._lines += 1
        line = b""
        while self._lines <= LINES and len(line) < LONGEST:
            found = self._byte()
            line += found
            if found in {b"", b"\n"}:
                return line.decode(errors="replace")
        return ""

    def _byte(self) -> bytes:
        readable, _, _ = select.select([self._file], [], [], self._patience)
        return os.read(self._file, 1) if readable else b""


@contextmanager
def piped_answers() -> Iterator[None]:
    """Bound standard input for the questions of a block, unless it is a terminal."""
    given = sys.stdin
    try:
        file = given.fileno()
    except (OSError, ValueError):
        file = None
    if file is not None and not os.isatty(file):
        sys.stdin = PipedAnswers(file)
    try:
        yield
    finally:
        sys.stdin = given
