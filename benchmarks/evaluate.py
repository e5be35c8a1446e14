"""Evaluation: the cost of a reading, the delay of a relay, and the speed of a replay."""

import json
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from statistics import quantiles
from typing import Any, NamedTuple

from benchmarks.row import Row
from edge_agent.blueprint import Blueprint, resolve
from edge_agent.clock import ManualClock, Moment
from edge_agent.commands.rules import replayed
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.execute import CommandExecutor
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.engine_items import EvaluationParts
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_set import RuleSet
from edge_agent.evaluate.saved_state import save_state
from edge_agent.events import Event, Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

CHANNELS, READINGS = 50, 50_000
BLOCKED = 10  # seconds
SYNC = 250  # the number of the fdatasync that is delayed
REPLAY = """
node = "replay"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[rule]]
name = "warm"
when = "air.temperature > 29"
clear = "air.temperature < 28"
for = "10s"
[[rule]]
name = "mean"
when = "mean(air.temperature, 5m) > 28"
"""


def reading_cost(rules: int, devices: int = CHANNELS) -> float:
    """Return the µs that a reading costs the engine; it concerns the rules of one device."""
    known = {f"d{n}.t": Known() for n in range(CHANNELS)}
    engine = _engine(
        [
            Rule(f"r{n}", parse(f"d{n % devices}.t > 30 and d{n % devices}.t < 80", known))
            for n in range(rules)
        ]
    )
    moments = (Moment(n * 1000, n * 1000, trusted=True) for n in count())
    readings = [
        Reading(f"d{n % CHANNELS}", next(moments), {"t": 20.0 + n % 7}) for n in range(READINGS)
    ]
    begin = time.perf_counter()
    for reading in readings:
        engine.evaluate(reading)
    return (time.perf_counter() - begin) / READINGS * 1e6


def cost_beside(rules: int) -> float:
    """Return the µs of a reading that concerns two rules, beside `rules` of other devices."""
    known = {f"d{n}.t": Known() for n in range(CHANNELS)}
    watching = [Rule(f"own{n}", parse("d0.t > 30", known)) for n in range(2)]
    engine = _engine(
        watching + [Rule(f"r{n}", parse(f"d{1 + n % 49}.t > 30", known)) for n in range(rules)]
    )
    readings = [
        Reading("d0", Moment(n * 1000, n * 1000, trusted=True), {"t": 20.0 + n % 7})
        for n in range(READINGS)
    ]
    begin = time.perf_counter()
    for reading in readings:
        engine.evaluate(reading)
    return (time.perf_counter() - begin) / READINGS * 1e6


def call_loop() -> float:
    """Return the µs of one call of a Python function in a loop, on this machine."""

    def call(value: int) -> int:
        return value

    begin = time.perf_counter()
    for n in range(1_000_000):
        call(n)
    return time.perf_counter() - begin


def _engine(rules: list[Rule]) -> Engine:
    plans = {f"d{n}": DevicePlan({}, 1e6) for n in range(CHANNELS)}
    current = CurrentValues(plans, [], began=0)
    rule_set = RuleSet(rules, {}, current, partial(save_state, boot="bench"))
    outputs = OutputSet([])
    executor = CommandExecutor((), rule_set, outputs, bounds=Bounds(), delegate=lambda *_: None)
    nothing: Callable[[object], None] = lambda _: None  # noqa: E731
    engine = Engine(
        SimpleQueue(),
        EvaluationParts(current, rule_set, outputs, executor),
        record=nothing,
        show=nothing,
        answer=nothing,
        clock=ManualClock(),
    )
    engine.begin(Moment(0, 0, trusted=True))
    return engine


class ReplayRate(NamedTuple):
    """How many stored readings are replayed in a second, and how many are only read."""

    replayed: float
    read: float


def replay_rate(directory: Path, readings: int) -> ReplayRate:
    """Return how fast stored readings are replayed."""
    config = directory / "replay.toml"
    config.write_text(REPLAY)
    log = EventLog.open(directory / "replay.db", boot="bench")
    for start in range(0, readings, 10_000):
        with log.transaction():
            log.append(_stored(n) for n in range(start, start + 10_000))
    log.close()
    reader = LogReader(directory / "replay.db")
    blueprint: Blueprint = resolve(config)
    begin = time.perf_counter()
    replayed(blueprint, reader.events_after(0))
    between = time.perf_counter()
    deque(reader.events_after(0), maxlen=0)
    end = time.perf_counter()
    reader.close()
    return ReplayRate(readings / (between - begin), readings / (end - between))


def _stored(n: int) -> Event:
    moment = Moment(1_700_000_000_000_000 + n * 1_000_000, n * 1_000_000, trusted=True)
    values = {"temperature": 20 + n % 600 / 60, "humidity": 40.0}
    return Reading("air", moment, values).event()


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
    """Yield the same without strace, which costs some milliseconds, and the relay's stop.

    With `hung`, a bus with a sensor and eight outputs hangs beside it.
    """
    name = "bus hung" if hung else "free"
    result = relayed(directory, *["hung"] * hung)
    yield from figures(name, [ms for _, ms in result["samples"]])
    yield f"{name}, safe after the stop", result["safe_ms"]


def relayed(
    directory: Path,
    *words: str,
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> dict[str, Any]:
    """Return what a run of half a minute prints; `meanwhile` is open during it."""
    agent = [sys.executable, "-m", "benchmarks.relay", str(directory), *words]
    with subprocess.Popen(agent, stdout=subprocess.PIPE) as process:
        with meanwhile():
            time.sleep(3 * BLOCKED)
        (directory / "stop").touch()
        result: dict[str, Any] = json.loads(process.communicate()[0])
    return result


def figures(name: str, milliseconds: Sequence[float]) -> Iterator[tuple[str, float]]:
    """Yield how often the relay switched, p50 and p99."""
    cuts = quantiles(milliseconds, n=100)
    yield f"{name}, switched", float(len(milliseconds))
    yield f"{name}, p50", cuts[49]
    yield f"{name}, p99", cuts[98]


def relay_rows(figures: Iterator[tuple[str, float]]) -> Iterator[Row]:
    """Yield the figures of a relay, with the target of its p99."""
    for name, value in figures:
        target = 5 if name.endswith("p99") else None
        unit = "" if name.endswith("switched") else "ms"
        yield Row(f"reading to relay: {name}", value, unit, None, target)
