"""Evaluation: the cost of a reading, and the speed of a replay."""

import time
from collections import deque
from functools import partial
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

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


def _nothing(_: object) -> None:
    """Take what is of no interest."""


def _engine(rules: list[Rule]) -> Engine:
    plans = {f"d{n}": DevicePlan({}, 1e6) for n in range(CHANNELS)}
    current = CurrentValues(plans, [], began=0)
    rule_set = RuleSet(rules, {}, current, partial(save_state, boot="bench"))
    outputs = OutputSet([])
    executor = CommandExecutor((), rule_set, outputs, bounds=Bounds(), delegate=lambda *_: None)
    engine = Engine(
        SimpleQueue(),
        EvaluationParts(current, rule_set, outputs, executor),
        record=_nothing,
        show=_nothing,
        answer=_nothing,
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
