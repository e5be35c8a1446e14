"""Freezes the processes of a server, and waits until they stand still.

A stop signal takes effect when the thread that gets it is next scheduled, on a busy machine a
tenth of a second later. Until then, the other threads go on, and answer.
"""

import os
import signal
from pathlib import Path
from subprocess import Popen

from lab.waiting import eventually

PROC = Path("/proc")
STILL = frozenset("TtZX")  # stopped, or at its end
GROUP = 2  # the place of the process group among the fields; the state is the first


def freeze(process: Popen[bytes]) -> None:
    """Stop one process."""
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: _stands_still(PROC / f"{process.pid}"))


def freeze_group(leader: Popen[bytes]) -> None:
    """Stop all processes of the group that one leads."""
    os.killpg(leader.pid, signal.SIGSTOP)
    eventually(lambda: all(_stands_still(process) for process in _group(leader.pid)))


def _group(leader: int) -> list[Path]:
    """Return the directories of the processes of a group."""
    processes = [path for path in PROC.iterdir() if path.name.isdecimal()]
    return [path for path in processes if _fields(path)[GROUP:][:1] == [f"{leader}"]]


def _stands_still(process: Path) -> bool:
    try:
        threads = list((process / "task").iterdir())
    except FileNotFoundError:
        return True
    return all(set(_fields(thread)[:1]) <= STILL for thread in threads)


def _fields(path: Path) -> list[str]:
    """Return what the kernel says of a process or thread after its name; empty if it is gone."""
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
