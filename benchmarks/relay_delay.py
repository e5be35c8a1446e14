"""The delay of a relay after its reading, alone and beside what hangs."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.row import Row
from benchmarks.scratch import scratch

BLOCKED = 10  # seconds
SYNC = 250  # the number of the fdatasync that is delayed
TARGETS = {"p99": 5, "first set after the start": 500}  # ms at most


def relays() -> Iterator[Row]:
    """Measure the delay alone, beside a bus that hangs, and beside a disk that is blocked."""
    for hung in (False, True):
        with scratch() as directory:
            yield from relay_rows(relay(directory, hung=hung))
    with scratch() as directory:
        yield from relay_rows(relay_beside_blocked_disk(directory))


def relay_beside_blocked_disk(directory: Path) -> Iterator[tuple[str, float]]:
    """Yield p50 and p99 in ms from reading to relay while the disk is blocked.

    strace delays one fdatasync of the recorder by ten seconds; the broker's port is always closed.
    """
    trace = directory / "strace.txt"
    hold = f"inject=fdatasync:delay_enter={BLOCKED * 1_000_000}:when={SYNC}"
    strace = ["strace", "-f", "--seccomp-bpf", "-ttt", "-o", str(trace), "-e", "trace=fdatasync"]
    agent = [sys.executable, "-m", "benchmarks.relay", str(directory)]
    with subprocess.Popen([*strace, "-e", hold, *agent], stdout=subprocess.PIPE) as process:
        time.sleep(4 * BLOCKED)
        (directory / "stop").touch()
        samples: list[tuple[float, float]] = json.loads(process.communicate()[0])["samples"]
    held = next(line for line in trace.read_text().splitlines() if "DELAYED" in line)
    begin = float(held.split()[1])
    blocked = [ms for at, ms in samples if begin < at < begin + BLOCKED]
    yield from figures("disk blocked", blocked)


def relay(directory: Path, *, hung: bool) -> Iterator[tuple[str, float]]:
    """Yield the same without strace, which costs some milliseconds, and the relay's start and stop.

    With `hung`, a bus with a sensor and eight outputs hangs beside it.
    """
    name = "bus hung" if hung else "free"
    result = relayed(directory, *["hung"] * hung)
    yield from figures(name, [ms for _, ms in result["samples"]])
    yield f"{name}, safe after the stop", result["safe_ms"]
    yield f"{name}, first set after the start", result["managed_ms"]


def relayed(
    directory: Path,
    *words: str,
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> dict[str, Any]:
    """Return what a run of half a minute prints; `meanwhile` is open during it."""
    agent = [sys.executable, "-m", "benchmarks.relay", str(directory), *words]
    began = time.time()
    with subprocess.Popen(agent, stdout=subprocess.PIPE) as process:
        with meanwhile():
            time.sleep(3 * BLOCKED)
        (directory / "stop").touch()
        result: dict[str, Any] = json.loads(process.communicate()[0])
    return {**result, "managed_ms": (result["managed"] - began) * 1000}


def figures(name: str, milliseconds: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Yield how often the relay switched, p50 and p99."""
    cuts = quantiles(milliseconds, n=100)
    yield f"{name}, switched", float(len(milliseconds))
    yield f"{name}, p50", cuts[49]
    yield f"{name}, p99", cuts[98]


def relay_rows(figures: Iterator[tuple[str, float]]) -> Iterator[Row]:
    """Yield the figures of a relay, with the target of its p99."""
    for name, value in figures:
        target = next((most for what, most in TARGETS.items() if name.endswith(what)), None)
        unit = "" if name.endswith("switched") else "ms"
        yield Row(f"reading to relay: {name}", value, unit, None, target)
