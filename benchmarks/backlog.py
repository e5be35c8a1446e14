"""`make backlog`: consumers read a long event log from its beginning; their memory stays flat.

python -m benchmarks.backlog [--events N]
"""

import argparse
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.broker import free_port
from benchmarks.measure import rss
from benchmarks.row import Row
from edge_agent.clock import Moment
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog

BEGIN = 1_750_000_000_000_000  # µs since 1970; one reading a second from there on
GROUP = 1000
EARLY = 0.2  # of the events: what a consumer needs is in memory by then
FLAT = 1.5  # times the memory of that moment: DuckDB keeps blocks of its file, up to a limit
LOOK_SECONDS = 0.5
PATIENCE = 120.0  # seconds in which a consumer has to take something
COUNTED = 'edge_consumer_events_total{node="bench"} '
RULES = """
builtin = []
[[rule]]
name = "warm"
when = "mean(any(node).air.temperature, 10m) > 100"
[[rule]]
name = "silent"
when = "silent(node) for 10m"
"""


def write_log(path: Path, count: int) -> None:
    """Write a log with so many readings."""
    log = EventLog.open(path, boot="bench")
    for begin in range(0, count, GROUP):
        readings = [_reading(n).event() for n in range(begin, min(begin + GROUP, count))]
        with log.transaction():
            log.append(readings, boot="bench")
    log.close()


def _reading(n: int) -> Reading:
    values = {"temperature": 20.0 + n % 100 / 10, "humidity": 40.0 + n % 7}
    return Reading("air", Moment(BEGIN + n * 1_000_000, n, trusted=True), values)


def commands(url: str, directory: Path) -> dict[str, Sequence[str]]:
    """Return the words of each consumer, which reads from the beginning."""
    rules = directory / "rules.toml"
    rules.write_text(RULES)
    begin = ("--group", "backlog", "--start", "beginning", "--state")
    return {
        "aggregate": ("aggregate", url, *begin, str(directory / "aggregate")),
        "alerts": ("alerts", "run", str(rules), url, *begin, str(directory / "alerts")),
        "bridge": ("bridge", url, f"file://{directory}/out", *begin, str(directory / "bridge")),
    }


def measured(name: str, words: Sequence[str], count: int) -> Iterator[Row]:
    """Let a consumer take all events; yield its speed and its memory."""
    port, begin = free_port(), time.monotonic()
    more = ("--metrics", f"127.0.0.1:{port}", "--json")
    process = subprocess.Popen(
        [sys.executable, "-m", "consumers", *words, *more], stdout=subprocess.DEVNULL
    )
    try:
        samples = list(_samples(process, port, count))
    finally:
        process.terminate()
        process.wait()
    rate = count / (time.monotonic() - begin)
    early = next(memory for taken, memory in samples if taken >= EARLY * count)
    highest = max(memory for _, memory in samples)
    yield Row(f"{name}: a backlog", rate, "events/s")
    yield Row(f"  memory after {EARLY:.0%}", early, "MiB")
    yield Row("  the highest", highest, "MiB", at_most=round(FLAT * early))


def _samples(
    process: "subprocess.Popen[bytes]", port: int, count: int
) -> Iterator[tuple[int, float]]:
    """Yield how many events were taken, and the memory, until all are."""
    taken, moved_at = 0, time.monotonic()
    while taken < count:
        time.sleep(LOOK_SECONDS)
        found = _taken(port)
        if found > taken:
            taken, moved_at = found, time.monotonic()
            yield taken, rss(process.pid)
        elif process.poll() is not None or time.monotonic() - moved_at > PATIENCE:
            raise SystemExit(f"the consumer has ended or stopped at {taken:,} events")


def _taken(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0  # it does not listen yet
    return sum(int(float(one.split()[-1])) for one in lines if one.startswith(COUNTED))


def main() -> int:
    """Measure every consumer; return 1 if the memory of one grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the backlog")
    count = parser.parse_args().events
    held = True
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        path = Path(name) / "bench.db"
        write_log(path, count)
        for consumer, words in commands(f"log:{path}", Path(name)).items():
            for row in measured(consumer, words, count):
                print(row, flush=True)
                held = held and row.holds
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
