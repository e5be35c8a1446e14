"""Wall time, CPU time, memory and disk writes of this process."""

import os
import resource
import time
from pathlib import Path
from typing import Any


class Cost:
    """The cost from now on."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        self._written = written(os.getpid())

    def per(self, count: int) -> dict[str, Any]:
        """Return rate, CPU in µs and bytes written for each of `count` events."""
        wall = time.perf_counter() - self._wall
        return {
            "events": count,
            "per_second": count / wall,
            "cpu_us": (time.process_time() - self._cpu) / count * 1e6,
            "bytes": (written(os.getpid()) - self._written) / count,
        }


def rss(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def written(pid: int) -> int:
    """Return the bytes that a process has caused to be written to disks."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["write_bytes"])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(pid: int) -> int:
    """Return how often the threads of a process were switched away from a core."""
    lines = (
        line
        for task in Path(f"/proc/{pid}/task").iterdir()
        for line in (task / "status").read_text().splitlines()
        if "ctxt_switches" in line
    )
    return sum(int(line.split()[1]) for line in lines)
