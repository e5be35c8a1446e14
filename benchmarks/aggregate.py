"""The aggregator beside DuckDB alone: the same readings in transactions of the same size.

Both begin with decoded events and end with a closed file. DuckDB alone appends a row for each
value, by its appender, which needs less CPU here than tables of Arrow. The aggregator drops
duplicates, numbers series, computes windows and stores its progress as well.

python -m benchmarks.aggregate   prints the rows alone.
"""

import importlib.util
import logging
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.events import reading
from benchmarks.row import Row
from benchmarks.sinks import CHUNK, Send, Sender, compared
from consumers.aggregate.aggregator import LARGEST_GROUP, RunClock, RunEnd, StoringRun
from consumers.aggregate.stores.duckdb_store import DuckdbStore
from consumers.inbox.dead_letters import KeptLetter
from consumers.received_event import ReceivedEvent
from edge_agent.deliver.complaints import Complaints

COUNT, RUNS = 200_000, 5
START = datetime(2027, 1, 15, 8, tzinfo=UTC)
NOW = START.timestamp() + 86_400.0
TABLE = """
CREATE TABLE readings (time TIMESTAMPTZ, node VARCHAR, device VARCHAR, channel VARCHAR,
    value DOUBLE, log VARCHAR, log_offset BIGINT)
"""


class ReadySource:
    """Hands over events that are decoded already."""

    interruptions = 0
    connected = True

    def __init__(self, events: Sequence[ReceivedEvent]) -> None:
        self._events = events
        self._chunks = iter(range(0, len(events), CHUNK))
        self.left = len(events)

    def open(self) -> None:
        """Do nothing."""

    def receive(self, _seconds: float) -> Sequence[ReceivedEvent]:
        """Return the next events; none at the end."""
        n = next(self._chunks, len(self._events))
        return self._events[n : n + CHUNK]

    def acknowledge(self, number: int) -> None:
        """Count what is done."""
        self.left -= number

    def close(self) -> None:
        """Do nothing."""


class NoLetters:
    """Has no dead letters, and gets none."""

    def update(self, new: Sequence[KeptLetter], _done: object) -> None:
        """Expect nothing."""
        assert not new

    def due(self) -> Sequence[KeptLetter]:
        """Return that none is to be tried again."""
        return ()


def aggregate() -> Iterator[Row]:
    """Measure a backlog of few nodes, and many nodes that each send every 10 s."""
    if importlib.util.find_spec("duckdb") is None:
        print("The aggregator is not measured: duckdb is missing", file=sys.stderr)
        return
    yield from compare("10 nodes catch up", 10, timedelta(milliseconds=100))
    yield from compare("1,000 nodes live", 1000, timedelta(milliseconds=10))


def compare(title: str, nodes: int, step: timedelta) -> Iterator[Row]:
    """Compare both with readings of some nodes, one node after the other, a `step` apart."""
    events = [received(n, nodes, START + n * step) for n in range(COUNT)]
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        files = (Path(name) / f"{n}.duckdb" for n in count())
        yield from compared(
            Sender(
                f"raw: DuckDB's appender, {title}", lambda _: partial(alone, next(files), events)
            ),
            Sender(f"aggregator, {title}", lambda _: stored(next(files), events)),
            "DuckDB",
            COUNT,
            RUNS,
            at_least=0.5,
        )


def received(n: int, nodes: int, at: datetime) -> ReceivedEvent:
    """Return a reading of three values."""
    node = f"node-{n % nodes}"
    data = {"values": dict(reading(n).values), "quality": "good"}
    return ReceivedEvent(
        f"log-{n % nodes}", n // nodes + 1, node, "reading", 1, "air", at, {"data": data}
    )


def alone(path: Path, events: Sequence[ReceivedEvent]) -> None:
    """Append a row for each value, as many events at once as the aggregator commits."""
    import duckdb  # noqa: PLC0415 - of an extra

    with duckdb.connect(str(path)) as database:
        database.execute(TABLE)
        for n in range(0, COUNT, LARGEST_GROUP):
            database.begin()
            with database.appender("readings") as appender:
                appender.append_rows(values_of(events[n : n + LARGEST_GROUP]))
            database.commit()


def values_of(events: Sequence[ReceivedEvent]) -> list[tuple[object, ...]]:
    """Return a row for each value."""
    return [
        (each.time, each.node, each.subject, channel, value, each.log, each.offset)
        for each in events
        for channel, value in each.data["values"].items()
    ]


def stored(path: Path, events: Sequence[ReceivedEvent]) -> Send:
    """Return what runs an aggregator until all is acknowledged; its file is open already."""
    store, source = DuckdbStore(path), ReadySource(events)
    store.open()
    clock = RunClock(lambda: NOW, time.sleep)
    run = StoringRun(
        source,
        store,
        NoLetters(),
        keep={},
        end=RunEnd(math.inf, math.inf),
        clock=clock,
        complaints=Complaints(logging.getLogger(__name__)),
    )

    def store_all() -> None:
        while source.left:
            run.step()
        store.close()

    return store_all


if __name__ == "__main__":
    for each in aggregate():
        print(each, flush=True)
