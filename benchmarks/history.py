"""The history: how long a week of readings, one a second, takes to open.

python -m benchmarks.history   prints the figures of this part alone

Each time is the shortest of five, with the log in the cache of the disk, from the request of the
page to the JSON of its answer.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from benchmarks.row import Row
from benchmarks.scratch import scratch
from edge_agent.assembly.log_history import LogHistory
from edge_agent.blueprint import resolve
from edge_agent.clock import Moment
from edge_agent.evaluate.refine.aggregates import Aggregator
from edge_agent.events import Event, Reading
from edge_agent.observe.web.history.view import HistoryView
from edge_agent.observe.web.route import Json, Query
from edge_agent.observe.web.what_if import WhatIfView
from edge_agent.store.event_log import EventLog

SECOND, BEGIN = 1_000_000, 1_790_000_000  # µs, s
DAY, WEEK = 86_400, 604_800  # seconds, and readings
BATCH, TIMES = 10_000, 5
WIDTH = 1000  # columns
CHANNEL = "air.temperature"
CONFIG = """
node = "history"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
"""


def history() -> Iterator[Row]:
    """Measure the history of a week, without and with aggregates of a minute."""
    with scratch() as directory:
        plain = _source(directory / "plain.db", [])
        yield Row("history of a week of 604,800 readings", _seconds(plain, WEEK), "s", None, 1)
        yield Row("  of one day of it", _seconds(plain, DAY), "s", None, 1)
        yield Row("  alarms of a threshold over the week", _what_if(plain), "s", None, 2)
        summed = _source(directory / "summed.db", [60])
        yield Row("  the week, with aggregates of 1m", _seconds(summed, WEEK), "s", None, 1)


def _source(path: Path, windows: list[float]) -> LogHistory:
    config = path.with_suffix(".toml")
    config.write_text(CONFIG)
    blueprint = resolve(config)
    log = EventLog.open(path, boot="bench")
    aggregator = Aggregator("air", windows)
    for first in range(0, WEEK, BATCH):
        with log.transaction():
            log.append(_events(range(first, min(first + BATCH, WEEK)), aggregator))
    log.close()
    return LogHistory(path, lambda: blueprint)


def _events(numbers: range, aggregator: Aggregator) -> Iterator[Event]:
    for n in numbers:
        temperature = round(20 + 5 * math.sin(n / 13_750) + random.random() / 5, 2)
        moment = Moment((BEGIN + n) * SECOND, n * SECOND, trusted=True)
        reading = Reading("air", moment, {"temperature": temperature, "humidity": 50.0})
        yield from aggregator.add(reading)
        yield reading.event()


def _seconds(source: LogHistory, length: int) -> float:
    (route,) = (one for one in HistoryView(source).routes() if one.path == "api/history")
    end = BEGIN + WEEK
    span = {"since": f"{end - length}000", "until": f"{end}000"}
    return _shortest(route.answer, Query({"channel": CHANNEL, "width": str(WIDTH), **span}))


def _what_if(source: LogHistory) -> float:
    (route,) = WhatIfView(source).routes()
    rule = {"name": "warm", "channel": CHANNEL, "above": True, "threshold": 25, "hold": 600}
    span = {"since": BEGIN * 1000, "until": (BEGIN + WEEK) * 1000}
    return _shortest(route.answer, Query(body={"rule": rule, **span}))


def _shortest(answer: Callable[[Query], object], query: Query) -> float:
    found = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        given = answer(query)
        assert isinstance(given, Json)
        msgspec.json.encode(given.value)
        found.append(time.perf_counter() - begin)
    return min(found)


if __name__ == "__main__":
    for row in history():
        print(row, flush=True)
