"""One emulated machine: its console, its monitor, its power."""

import ctypes
import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from lab.tools import environment, qemu
from lab.waiting import eventually

PR_SET_PDEATHSIG = 1  # linux/prctl.h


class CommandFailed(Exception):
    """A command in the guest failed; the text names it and quotes its output."""


class Plan(NamedTuple):
    """The arguments of QEMU; `serial` is the console as QEMU's `-serial` options."""

    name: str
    architecture: str
    arguments: tuple[str, ...]
    serial: tuple[str, ...] = ("-serial", "stdio")


class Guest:
    """A running machine; leaving its `with` block cuts the power."""

    def __init__(self, plan: Plan, folder: Path, *more: str) -> None:
        """`folder` is for the monitor's socket; `more` is added to the plan's arguments."""
        self._monitor_path = folder / f"{plan.name}.qmp"
        self._monitor: Any = None
        self._unread = b""
        self._marks = 0
        self.lines: list[str] = []
        self._log = (folder / f"{plan.name}.console").open("w")
        monitor = ["-monitor", "none", "-qmp", f"unix:{self._monitor_path},server=on,wait=off"]
        self._process = subprocess.Popen(
            [*qemu(plan.architecture), "-display", "none", "-no-reboot", *monitor, *plan.serial]
            + [*plan.arguments, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(),
            preexec_fn=_end_with_its_parent,  # noqa: PLW1509 - one call, no lock
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.cut()

    def cut(self) -> None:
        """Cut the power: SIGKILL to the emulator."""
        self._process.kill()
        self._process.wait()
        self._monitor_path.unlink(missing_ok=True)
        for opened in (self._process.stdin, self._process.stdout, self._monitor, self._log):
            if opened is not None:
                opened.close()

    def expect(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Return the first line of the console, from here on, that matches."""
        deadline = time.monotonic() + seconds
        while True:
            found = re.search(pattern, self._line(deadline))
            if found:
                return found

    def run(self, command: str, seconds: float = 60) -> str:
        """Run a command in the console's shell; return its output, or raise `CommandFailed`."""
        code, text = self.try_(command, seconds)
        if code:
            raise CommandFailed(f"{command}\nended with {code}:\n{text}")
        return text

    def try_(self, command: str, seconds: float = 60) -> tuple[int, str]:
        """Run a command in the console's shell; return its exit code and its output."""
        self._marks += 1
        mark = f"@@{self._marks}@"
        self.send(f'{{ {command}\n}} </dev/null 2>&1; echo "{mark}$?"')
        begin = len(self.lines)
        code = int(self.expect(f"{mark}(\\d+)$", seconds)[1])
        output = [*self.lines[begin:-1], self.lines[-1].split(mark)[0]]
        return code, "\n".join(output).rstrip("\n")

    def converse(self, command: str, replies: Mapping[str, str], seconds: float = 60) -> str:
        """Run an interactive one-line command; return everything on the screen.

        `replies` maps the end of a prompt to the answer.
        """
        self._marks += 1
        mark, screen = f"@@{self._marks}@", ""
        self.send(f'{{ {command}; }} 2>&1; echo "{mark}$?"')
        deadline = time.monotonic() + seconds
        while not (end := re.search(rf"{mark}(\d+)\r?\n", screen)):
            screen += self._chunk(deadline).decode(errors="replace")
            for question, reply in replies.items():
                if screen.endswith(f"{question} "):
                    self.send(reply)
                    screen += f"{reply}\n"
        text = screen[: end.start()].replace("\r", "")
        self.lines += text.split("\n")
        self._log.write(f"$ {command}\n{text}\n")
        if end[1] != "0":
            raise CommandFailed(f"{command}\nended with {end[1]}:\n{text}")
        return text.rstrip("\n")

    def send(self, line: str) -> None:
        """Type a line on the console."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def qmp(self, command: str, **arguments: Any) -> Any:
        """Send a command to QEMU's monitor; raise RuntimeError if it fails."""
        if self._monitor is None:
            with eventually(lambda: _connected(self._monitor_path)) as connection:
                self._monitor = connection.makefile("rw")
            self._monitor.readline()
            self.qmp("qmp_capabilities")
        self._monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._monitor.flush()
        while True:
            answer = json.loads(self._monitor.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]

    def freeze(self, path: Path) -> None:
        """Write the whole state to a file, and end."""
        self.qmp("stop")
        self.qmp("migrate", uri=f"file:{path}")
        status = eventually(self._migrated, 60)
        self.cut()
        if status != "completed":
            raise RuntimeError(f"{path.name}: not frozen")

    def thaw(self) -> Self:
        """Continue from a frozen state: the guest was started with `-incoming file:…`."""
        eventually(lambda: self.qmp("query-status")["status"] != "inmigrate", 180)
        self.qmp("cont")
        return self

    def _migrated(self) -> str:
        status = str(self.qmp("query-migrate").get("status"))
        return status if status in {"completed", "failed"} else ""

    def _line(self, deadline: float) -> str:
        while b"\n" not in self._unread:
            self._unread += self._chunk(deadline)
        line, self._unread = self._unread.split(b"\n", 1)
        self.lines.append(line.decode(errors="replace").rstrip("\r"))
        self._log.write(self.lines[-1] + "\n")
        self._log.flush()
        return self.lines[-1]

    def _chunk(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self._process.stdout], [], [], left)[0]:
            raise TimeoutError(f"the guest is silent; last: {self.lines[-5:]}")
        data = os.read(self._process.stdout.fileno(), 65536)
        if not data:
            raise EOFError(f"the guest has ended; last: {self.lines[-5:]}")
        return data


def _end_with_its_parent() -> None:
    """Have the kernel end the emulator if the tests are killed: prctl(2)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _connected(path: Path) -> socket.socket | None:
    """Return a connection to a socket, or None while nothing listens on it."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        return None
    return connection
