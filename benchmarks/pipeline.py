"""The path from a logged event to its PUBACK, at full speed, in a process of its own.

python -m benchmarks.pipeline PORT DIRECTORY through|drain|latency COUNT MAX_BATCH
"""

import gc
import json
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from benchmarks.events import events, reading
from benchmarks.measure import Cost, rss
from edge_agent.clock import SystemClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.forwarder import Forwarder, LogAccess
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.sink import build
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.events import CursorMove, Subscription
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.recorder import Recorder
from edge_agent.store.recorder_items import Subscriptions
from edge_agent.store.retention import Retention

GROUP = 1000
AHEAD = 20_000  # events that may be under way at once
SWITCH_INTERVAL = 0.0005


class Pipeline:
    """Recorder, forwarder and connection, built and run as the agent does."""

    def __init__(self, port: int, directory: Path, *, max_batch: int, interval: float) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._clock = clock = SystemClock()
        path = directory / "bench.db"
        log = EventLog.open(path, boot=clock.boot)
        self.records: SimpleQueue[Any] = SimpleQueue()
        self.owned: SimpleQueue[tuple[int, float]] = SimpleQueue()
        news: SimpleQueue[Any] = SimpleQueue()
        self.recorder = Recorder(
            log,
            self.records,
            announce=news.put,
            reopen=lambda _: EventLog.open(path, boot=clock.boot),
            clock=clock,
            commit_interval=interval,
            retention=Retention(7 * 86400, 2**40),
        )
        self.records.put(Subscriptions((Subscription("mqtt"),)))
        plan = SinkPlan(
            "mqtt",
            (f"mqtt://127.0.0.1:{port}",),
            MqttOptions(client_id="bench", retained=False),
            max_batch=max_batch,
        )
        context = SinkContext.apart("bench", log.id)._replace(retry=lambda: news.put("retry"))
        self.forwarder = Forwarder(
            build(plan, context),
            plan.kinds,
            news,
            log=LogAccess(partial(LogReader, path), self._commit, lambda *_: None),
            clock=clock,
            backoff=Backoff(lambda: 0.0),
        )
        news.put(log.last_offset())

    def start(self) -> None:
        """Start the threads; the sink starts that of its connection."""
        gc.freeze()
        for part in (self.forwarder, self.recorder):
            threading.Thread(target=part.run, daemon=True).start()

    def wait_for(self, offset: int) -> float:
        """Return when the broker had acknowledged everything up to `offset`."""
        while True:
            owned, at = self.owned.get()
            if owned >= offset:
                return at

    def _commit(self, move: CursorMove) -> None:
        self.records.put(move)
        self.owned.put((move.offset, time.perf_counter()))


def through(pipeline: Pipeline, count: int) -> dict[str, Any]:
    """Record and deliver `count` events, as fast as they are accepted."""
    chunk = events(GROUP)
    pipeline.start()
    pipeline.records.put(chunk[0])
    pipeline.wait_for(1)
    cost = Cost()
    offered = 1
    owned = 1
    while offered <= count:
        if offered - owned < AHEAD:
            for event in chunk:
                pipeline.records.put(event)
            offered += GROUP
        else:
            owned, _ = pipeline.owned.get()
    pipeline.wait_for(offered)
    return cost.per(offered - 1)


def drain(pipeline: Pipeline, count: int) -> dict[str, Any]:
    """Deliver a backlog that is already in the log; measure the memory."""
    pipeline.start()
    pipeline.wait_for(2000)
    before = rss(os.getpid())
    cost = Cost()
    most, owned = before, 2000
    while owned < count:
        owned, _ = pipeline.owned.get()
        most = max(most, rss(os.getpid()))
    return {**cost.per(count - 2000), "rss_growth_mib": most - before}


def fill(pipeline: Pipeline, count: int) -> None:
    """Write a backlog, before anything runs."""
    log = pipeline.recorder._log  # noqa: SLF001
    chunk = events(10_000)
    for _ in range(count // len(chunk)):
        with log.transaction():
            log.append(chunk)


def latency(pipeline: Pipeline, count: int) -> dict[str, Any]:
    """Record single events, and time each until its PUBACK."""
    pipeline.start()
    pipeline.records.put(reading(0).event())
    pipeline.wait_for(1)
    times = []
    for n in range(2, count + 2):
        start = time.perf_counter()
        pipeline.records.put(reading(n).event())
        times.append(pipeline.wait_for(n) - start)
        threading.Event().wait(0.01)  # as sensors pause
    times.sort()
    return {"p50_ms": times[count // 2] * 1e3, "p99_ms": times[count * 99 // 100] * 1e3}


def main() -> None:
    """Run one of the three measurements and print its result as JSON."""
    port, directory, what, count, max_batch = sys.argv[1:]
    interval = 0.0 if what == "latency" else 0.05
    pipeline = Pipeline(int(port), Path(directory), max_batch=int(max_batch), interval=interval)
    if what == "drain":
        fill(pipeline, int(count))
        pipeline = _reopened(pipeline, int(port), Path(directory), int(max_batch))
    result = {"through": through, "drain": drain, "latency": latency}[what](pipeline, int(count))
    print(json.dumps(result), flush=True)
    os._exit(0)  # daemon threads are still running


def _reopened(pipeline: Pipeline, port: int, directory: Path, max_batch: int) -> Pipeline:
    """Open the filled log again: the memory that filling took must not count."""
    pipeline.recorder._log.close()  # noqa: SLF001
    return Pipeline(port, directory, max_batch=max_batch, interval=0.05)


if __name__ == "__main__":
    main()
