"""A sink beside the raw client of its bus: the same events to the same server in the same run."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from benchmarks.events import rows
from benchmarks.row import Row
from edge_agent.agent import SWITCH_INTERVAL
from edge_agent.deliver.catalog import load_sink_type, scheme_of
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.events import LoggedEvent

CHUNK = 1000  # events in a delivery of the forwarder
NODE, LOG = "bench", "0123456789ab"

Send: TypeAlias = Callable[[], None]


class Sender(NamedTuple):
    """What sends all events: `prepare` gets the number of the run, and nothing of it is timed."""

    title: str
    prepare: Callable[[int], Send]


def laboratory() -> None:
    """Let the servers of the tests be imported."""
    sys.path.append(str(Path(__file__).parent.parent / "tests/vm"))


def logged(count: int) -> list[LoggedEvent]:
    """Return events as a log has them."""
    return [LoggedEvent(offset, *row) for offset, row in enumerate(rows(count), 1)]


def delivering(plan: SinkPlan[Any], events: Sequence[LoggedEvent]) -> Send:
    """Return what delivers in the chunks of a forwarder, connected already; encoding counts."""
    context = SinkContext.apart(NODE, LOG)
    one = load_sink_type(scheme_of(plan.url[0])).build(plan, context)
    one.open()
    first = one.deliver(events[:1])

    def send() -> None:
        sent = first
        while sent < len(events):
            sent += one.deliver(events[sent : sent + CHUNK])
        one.close()

    return send


def compared(
    raw: Sender,
    sink: Sender,
    library: str,
    count: int,
    runs: int,
    *,
    at_least: float | None = 0.8,
) -> Iterator[Row]:
    """Let both send `count` events by turns, `runs` times; yield the medians.

    The share is that of two neighbouring runs: other work on the machine concerns both.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)  # as the agent does
    found: dict[Sender, list[tuple[float, float]]] = {raw: [], sink: []}
    for run in range(runs):
        for sender, figures in found.items():
            figures.append(measured(sender.prepare(run), count))
    (rate, cpu), (our_rate, our_cpu) = medians(found[raw]), medians(found[sink])
    pairs = zip(found[raw], found[sink], strict=True)
    share = statistics.median(ours / alone for (alone, _), (ours, _) in pairs)
    yield Row(raw.title, rate, "events/s")
    yield Row("  CPU", cpu, "µs/event")
    yield Row(sink.title, our_rate, "events/s")
    yield Row(f"  as a share of {library} alone", share, "times", at_least)
    yield Row("  CPU", our_cpu, "µs/event")


def medians(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the median of each column."""
    rates, costs = zip(*found, strict=True)
    return statistics.median(rates), statistics.median(costs)


def measured(send: Send, count: int) -> tuple[float, float]:
    """Return events per second, and µs of CPU per event."""
    begin, cpu = time.perf_counter(), time.process_time()
    send()
    seconds, cost = time.perf_counter() - begin, time.process_time() - cpu
    return count / seconds, cost / count * 1e6
