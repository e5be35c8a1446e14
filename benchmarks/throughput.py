"""Events per second at full speed: one a message and in batches, beside the raw limits.

python -m benchmarks.throughput   prints the figures of this part alone
python -m benchmarks.throughput --backlog N   only lets a backlog of N events drain
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks import libmosquitto, raw
from benchmarks.broker import mosquitto
from benchmarks.row import Row
from benchmarks.scratch import scratch

SINGLE, BATCHED, BACKLOG = 100_000, 1_000_000, 1_000_000
CONNECTED = 0.5  # seconds


@contextmanager
def subscribed(port: int) -> Iterator[None]:
    """Let a subscriber take all events meanwhile: a broker is quick with what nobody wants."""
    command = ["mosquitto_sub", "-p", str(port), "-t", "edge/#"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        time.sleep(CONNECTED)
        try:
            yield
        finally:
            process.terminate()


def pipeline(port: int, what: str, count: int, max_batch: int) -> dict[str, Any]:
    """Run one measurement of the pipeline in a process of its own, in a fresh directory."""
    with scratch() as directory:
        command = [sys.executable, "-m", "benchmarks.pipeline", str(port), str(directory), what]
        words = [*command, str(count), str(max_batch)]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def throughput(port: int) -> Iterator[Row]:
    """Measure events per second, compared with paho alone and SQLite alone."""
    with subscribed(port):
        alone = raw.publish(port, SINGLE)
        in_c = libmosquitto.publish(port, SINGLE)
        single = pipeline(port, "through", SINGLE, 1)
        batched = pipeline(port, "through", BATCHED, 100)
    with scratch() as directory:
        inserted = raw.insert(directory, 200_000, 1000)
        fsync = raw.fsync(directory, 200)
    yield Row("raw: paho alone, QoS 1, same bytes", alone["per_second"], "events/s")
    yield Row("raw: paho alone, CPU", alone["cpu_us"], "µs/event")
    yield Row("raw: libmosquitto in C, QoS 1, same bytes", in_c["per_second"], "events/s")
    yield Row("raw: libmosquitto in C, CPU", in_c["cpu_us"], "µs/event")
    yield Row("raw: SQLite executemany alone", inserted["per_second"], "rows/s")
    yield Row("raw: fdatasync of 4 kB", fsync * 1e3, "ms")
    yield Row("durable, one event a message", single["per_second"], "events/s")
    share = single["per_second"] / alone["per_second"]
    yield Row("  as a share of paho alone", share, "times", 4)
    share = single["per_second"] / in_c["per_second"]
    yield Row("  as a share of libmosquitto in C", share, "times", 0.85)
    yield Row("  CPU", single["cpu_us"], "µs/event")
    yield Row("durable, max_batch = 100", batched["per_second"], "events/s")
    share = batched["per_second"] / alone["per_second"]
    yield Row("  as a share of paho alone", share, "times", 12)
    yield Row("  CPU", batched["cpu_us"], "µs/event")
    yield from drains(port, alone["per_second"], BACKLOG)


def backlog(port: int, count: int) -> Iterator[Row]:
    """Measure how a backlog drains, compared with paho alone."""
    with subscribed(port):
        alone = raw.publish(port, SINGLE)["per_second"]
    yield Row("raw: paho alone, QoS 1, same bytes", alone, "events/s")
    yield from drains(port, alone, count)


def drains(port: int, alone: float, count: int) -> Iterator[Row]:
    """Measure how fast a backlog drains, and in how much memory."""
    single = pipeline(port, "drain", count, 1)
    yield Row(f"backlog of {count:,} drains, one event a message", single["per_second"], "events/s")
    yield Row("  as a share of paho alone", single["per_second"] / alone, "times", 4)
    yield Row("  RSS grows", single["rss_growth_mib"], "MiB", None, 4)
    batched = pipeline(port, "drain", count, 100)
    yield Row(f"backlog of {count:,} drains, max_batch = 100", batched["per_second"], "events/s")
    yield Row("  as a share of paho alone", batched["per_second"] / alone, "times", 12)
    yield Row("  RSS grows", batched["rss_growth_mib"], "MiB", None, 4)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backlog", type=int, help="events of a backlog; only that is measured")
    count = parser.parse_args().backlog
    with mosquitto() as port:
        for row in backlog(port, count) if count else throughput(port):
            print(row, flush=True)


if __name__ == "__main__":
    main()
