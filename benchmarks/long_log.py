"""A start with a long log beside one with an empty log, and what each question of `log` costs.

python -m benchmarks.long_log [--events N]: SQLite itself generates the log, once: 25 s and 0.9 GB
for 10,000,000 events. A start of 0.35 s is then as long as with an empty log.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.broker import mosquitto
from benchmarks.idle import configuration
from benchmarks.measure import rss
from benchmarks.row import Row
from benchmarks.scratch import scratch
from edge_agent.clock import SystemClock
from edge_agent.events import CursorMove, Subscription
from edge_agent.store.event_log import EventLog
from edge_agent.store.tally import BLOCK, enter

EVENTS = 10_000_000
SLICE = 200_000  # rows in one transaction
TIMES = 3  # of which the shortest counts
PATIENCE = 60.0
SAMPLE = 65536  # bytes of output between two looks at the memory
EXPORTED = 1_000_000  # events at most
FIRST_READING, FIRST_PUBACK = 0.5, 0.7  # s after the start of the process
SHARE = 1.5  # times a start with an empty log
BEGIN = 1_750_000_000_000_000  # µs since 1970; one reading a second from there on
FILL = f"""
WITH RECURSIVE n (value) AS (SELECT ? UNION ALL SELECT value + 1 FROM n WHERE value < ?)
INSERT INTO event (time, kind, source, data)
SELECT {BEGIN} + value * 1000000, iif(value % 1000, 'reading', 'alert'), 'sht4x_' || (value % 8),
       iif(value % 1000,
           '{{"values":{{"temperature":' || (value % 400 / 10.0) || '}},"quality":"good"}}',
           '{{"state":"resolved","severity":"warning","values":{{}}}}') FROM n
"""
QUESTIONS = {
    "log tail": ("tail",),
    "log tail -n 1000": ("tail", "-n", "1000"),
    "log stats": ("stats",),
    "log tail --kind gap": ("tail", "--kind", "gap"),
    "log tail --kind reading --source none": ("tail", "--kind", "reading", "--source", "none"),
    "log export --kind gap": ("export", "--kind", "gap"),
    "log replay --since 5m --dry-run": ("replay", "--sink", "mqtt", "--since", "5m", "--dry-run"),
}


class Start(NamedTuple):
    """Seconds from the start of the process until something has happened for the first time."""

    reading: float
    delivered: float


class Case(NamedTuple):
    """In which state the machine is."""

    trusted: bool
    checked: bool  # it is not the first start of this boot

    def __str__(self) -> str:
        clock = "set" if self.trusted else "not set"
        return f"clock {clock}, {'a later' if self.checked else 'the first'} start of the boot"


def fill(path: Path, count: int) -> float:
    """Write a log of so many delivered events; return the seconds that it took."""
    began = time.monotonic()
    log = EventLog.open(path, boot="bench")
    log.execute("PRAGMA synchronous = OFF")
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    for first in range(0, count, SLICE):
        with log.transaction():
            log.execute(FILL, (first + 1, min(first + SLICE, count)))
            log.mark.reserve(log.last_offset())
            enter(log.execute, log.last_offset() // BLOCK * BLOCK)
    with log.transaction():
        log.account.move(CursorMove("mqtt", count, {}))
    log.close()
    return time.monotonic() - began


def start(port: int, directory: Path, case: Case) -> Start:
    """Start an agent with the log of this directory, and end it after its first message."""
    log = EventLog.open(directory / "idle.db", boot="bench")
    log.mark.note(checked=SystemClock().boot if case.checked else "")
    log.close()
    came: list[float] = []
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda *_: came.append(time.monotonic())
    client.connect("127.0.0.1", port)
    client.subscribe("edge/idle/event/reading/#", qos=1)
    client.loop_start()
    words = [str(port), str(directory), str(int(case.trusted))]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.start", *words], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        reading = float(process.stdout.readline())
        while not came and time.monotonic() - began < PATIENCE:
            time.sleep(0.005)
    finally:
        process.terminate()
        process.wait()
        client.disconnect()
        client.loop_stop()
    return Start(reading - began, came[0] - began)


def shortest(port: int, directory: Path, case: Case) -> Start:
    """Return the shortest times of a few starts."""
    found = [start(port, directory, case) for _ in range(TIMES)]
    return Start(*(min(times) for times in zip(*found, strict=True)))


def starts(port: int, empty: Path, full: Path) -> Iterator[Row]:
    """Compare starts with both logs, in every state of the machine."""
    for case in (Case(trusted, checked) for trusted in (True, False) for checked in (True, False)):
        short, long = shortest(port, empty, case), shortest(port, full, case)
        yield Row(f"{case}: first reading", long.reading, "s", None, FIRST_READING)
        yield Row(
            "  as a share of an empty log", long.reading / short.reading, "times", None, SHARE
        )
        yield Row("  first delivery", long.delivered, "s", None, FIRST_PUBACK)
        share = long.delivered / short.delivered
        yield Row("  as a share of an empty log", share, "times", None, SHARE)


def questions(empty: Path, full: Path) -> Iterator[Row]:
    """Compare each command of `log` with both logs."""
    for name, words in QUESTIONS.items():
        short, long = (asked(one, words) for one in (empty, full))
        yield Row(f"edge-agent {name}", long, "s")
        yield Row("  as a share of an empty log", long / short, "times", None, SHARE)


def exported(full: Path, count: int) -> Iterator[Row]:
    """Export as many events, and a hundredth of them, in both formats."""
    for form in ("jsonl", "csv"):
        words = ("export", "--format", form, "--until")
        few, many = (_cost(full, (*words, str(most))) for most in (count // 100, count))
        yield Row(f"edge-agent log export, {form}: CPU", many.cpu / count * 1e6, "µs/event")
        yield Row("  RSS beyond that of a short export", many.rss - few.rss, "MiB", None, 4)


def asked(directory: Path, words: tuple[str, ...]) -> float:
    """Return the CPU seconds of a command, the shortest of a few."""
    return min(_cost(directory, words).cpu for _ in range(TIMES))


class Cost(NamedTuple):
    """What a command took: seconds of CPU, and the most MiB at once."""

    cpu: float
    rss: float


def _cost(directory: Path, words: tuple[str, ...]) -> Cost:
    config = str(directory / "idle.toml")
    command = [sys.executable, "-m", "edge_agent", "log", "--config", config, *words]
    most = 0.0
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    while process.stdout.read(SAMPLE):
        most = max(most, rss(process.pid))
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(used.ru_utime + used.ru_stime, most)


def long_log(count: int = EVENTS) -> Iterator[Row]:
    """Generate a log of so many events, and measure."""
    with scratch() as directory, mosquitto() as port:
        empty, full = directory / "empty", directory / "full"
        for place in (empty, full):
            place.mkdir()
            configuration(port, place, "1s")
        fill(empty / "idle.db", 0)
        yield Row(f"generating a log of {count:,} events", fill(full / "idle.db", count), "s")
        yield Row("  its size", (full / "idle.db").stat().st_size / 1e6, "MB")
        yield from questions(empty, full)
        yield from exported(full, min(count, EXPORTED))
        yield from starts(port, empty, full)


def main() -> int:
    """Print the rows; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help="events of the long log")
    held = True
    for row in long_log(parser.parse_args().events):
        print(row, flush=True)
        held = held and row.holds
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
