"""The computer that the agent runs on: its files, its users and its commands.

All paths are below `root`, so that a chroot, an image or a test is a machine too.
"""

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

NOT_FOUND = 127  # as in a shell
COMMAND_SECONDS = 120  # systemd waits 90 s for a service to be ready


class CommandResult(NamedTuple):
    """The exit code and the output of a command; `code` is 127 if the command is not found."""

    code: int
    output: str


def run(command: Sequence[str]) -> CommandResult:
    """Run a command to its end; its output is that of stdout and stderr."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words, never a shell
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return CommandResult(NOT_FOUND, f"{command[0]}: not found")
    except subprocess.TimeoutExpired:
        return CommandResult(1, f"{command[0]}: no answer within {COMMAND_SECONDS} s")
    return CommandResult(done.returncode, done.stdout.decode(errors="replace").strip())


class Machine:
    """A computer whose files lie below `root`; `run` runs its commands."""

    def __init__(
        self,
        root: Path = Path("/"),
        run: Callable[[Sequence[str]], CommandResult] = run,
    ) -> None:
        self.root = root
        self._run = run

    def path(self, absolute: str) -> Path:
        """Return the path below `root` of a file of the machine."""
        return self.root / absolute.lstrip("/")

    def read(self, absolute: str) -> str:
        """Return a file's text without surrounding white space; empty if it cannot be read."""
        try:
            return self.path(absolute).read_text(encoding="utf-8", errors="replace").strip("\0 \n")
        except OSError:
            return ""

    def command(self, *words: str) -> CommandResult:
        """Run a command of the machine."""
        return self._run(words)

    def groups(self) -> dict[str, frozenset[str]]:
        """Return the members of every group, from /etc/group."""
        rows = (line.split(":") for line in self.read("/etc/group").splitlines())
        return {row[0]: frozenset(filter(None, row[3].split(","))) for row in rows if len(row) > 3}

    def users(self) -> frozenset[str]:
        """Return the names of the users, from /etc/passwd."""
        return frozenset(line.split(":")[0] for line in self.read("/etc/passwd").splitlines())
