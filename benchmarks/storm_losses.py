"""What a storm loses, and how late it makes devices that it does not concern."""

from collections.abc import Iterator

from benchmarks import storm
from benchmarks.row import Row
from benchmarks.scratch import scratch


def stormy() -> Iterator[Row]:
    """Let it storm, and compare."""
    with scratch() as directory:
        found = storm.run(directory)
    yield Row("edges in a storm of 10 s", found["edges"], "", 100_000 * 0.99)
    yield Row("  lost edges", found["edges_lost"], "", None, 0)
    yield Row("  lost transitions of a contact", found["moves_lost"], "", None, 0)
    yield Row("  lateness of other devices: p99", found["p99_ms"], "ms", None, 100)
