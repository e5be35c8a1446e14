"""A program as a child of this process: without a shell, and bounded in what it prints."""

import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import IO

from drivers.base.program import MOST, Ended

# None of the agent's own, which may name credentials.
ENVIRONMENT = {"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
PIECE = 4096  # bytes
PIECES = 32  # at once: more than a pipe holds, so that the rest is complete after the end
COMPLAINT = 200  # bytes kept of what it says on its standard error
REAPED = 1.0  # seconds; only a process that waits for a broken disk needs longer


class ChildProcess:
    """A program in a process group of its own, so that it ends with all that it has started."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start it; raise OSError if it cannot be."""
        self._process = subprocess.Popen(  # noqa: S603 - the configuration's own words, no shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
        )
        self._output, self._complaint = bytearray(), bytearray()

    def poll(self) -> Ended | None:
        """Take what it has printed; return at once."""
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        self._drain()
        if ended is None:
            return None
        self._end()
        output, complaint = (
            part.decode(errors="replace").strip() for part in (self._output, self._complaint)
        )
        return Ended(self._process.returncode, output, complaint)

    def close(self) -> None:
        """End it with every process that it has started, and release its pipes."""
        self._end()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _drain(self) -> None:
        _take(self._process.stderr, self._complaint)
        del self._complaint[:-COMPLAINT]
        _take(self._process.stdout, self._output)
        if len(self._output) > MOST:
            raise OSError(errno.EMSGSIZE, f"prints more than {MOST} bytes")

    def _end(self) -> None:
        """Kill the group before its leader is reaped: until then no other can have its number."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(REAPED)


def _take(pipe: IO[bytes] | None, taken: bytearray) -> None:
    """Add what a pipe holds."""
    if pipe is None:
        return
    os.set_blocking(pipe.fileno(), False)
    for _ in range(PIECES):
        try:
            piece = os.read(pipe.fileno(), PIECE)
        except BlockingIOError:
            return
        if not piece:
            return
        taken += piece
