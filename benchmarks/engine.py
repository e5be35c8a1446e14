"""The engine: the cost of a reading, and the speed of a replay."""

from collections.abc import Iterator

from benchmarks import evaluate
from benchmarks.row import Row
from benchmarks.scratch import scratch


def engine() -> Iterator[Row]:
    """Measure both, beside a call of a function and only reading the same rows."""
    yield Row("raw: a function call in a loop", evaluate.call_loop(), "µs")
    cost = evaluate.reading_cost(100)
    yield Row("a reading, 100 rules over 50 channels", cost, "µs", None, 20)
    few, many = evaluate.cost_beside(0), evaluate.cost_beside(2000)
    yield Row("  with 2000 rules of other devices", many / few, "times", None, 1.25)
    with scratch() as directory:
        rate = evaluate.replay_rate(directory, 1_000_000)
        yield Row("replay of 1,000,000 stored readings", rate.replayed, "per s")
        share = rate.replayed / rate.read
        yield Row("  as a share of only reading the same rows", share, "times", 0.08)
