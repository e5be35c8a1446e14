"""Kafka: the sink beside the raw client, the same bytes to the same server in the same run.

python -m benchmarks.kafka   prints the rows alone.
"""

import importlib.util
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.events import rows
from benchmarks.row import Row
from edge_agent.deliver.catalog import load_sink_type
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.options import Content, KafkaOptions
from edge_agent.deliver.kafka.record import encoder
from edge_agent.deliver.sink import About, Sink, SinkContext, SinkPlan
from edge_agent.events import LoggedEvent

COUNT, CHUNK, RUNS = 50_000, 1000, 5
NODE, LOG = "bench", "0123456789ab"


def missing() -> str:
    """Return why Kafka cannot be measured here; empty if it can."""
    if importlib.util.find_spec("confluent_kafka") is None:
        return "confluent-kafka is missing: pip install 'edge-agent[kafka]'"
    programs = [name for name in ("java", "mvn") if shutil.which(name) is None]
    return f"{' and '.join(programs)} missing: make test-buses installs it" if programs else ""


def kafka() -> Iterator[Row]:
    """Measure events per second and CPU, of the sink and of librdkafka alone."""
    if reason := missing():
        print(f"Kafka is not measured: {reason}", file=sys.stderr)
        return
    sys.path.append(str(Path(__file__).parent.parent / "tests/vm"))  # the tests' laboratory
    from tests.buses.servers.kafka import Kafka  # noqa: PLC0415 - needs confluent-kafka

    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        server: Any = Kafka(Path(name))  # type: ignore[no-untyped-call]
        server.start()
        try:
            yield from compare(server, "structured")
            yield from compare(server, "binary")
        finally:
            server.stop()


def compare(server: Any, content: Content) -> Iterator[Row]:  # noqa: ANN401 - a class of the tests
    """Let both send by turns, and yield the medians."""
    events = [LoggedEvent(offset, *row) for offset, row in enumerate(rows(COUNT), 1)]
    alone: list[tuple[float, float]] = []
    ours: list[tuple[float, float]] = []
    for run in range(RUNS):
        for what, found in ((raw, alone), (sink, ours)):
            topic = f"{content}-{what.__name__}-{run}"
            server.create(topic)
            found.append(measured(what(server.servers, topic, events, content)))
    (rate, cpu), (our_rate, our_cpu) = medians(alone), medians(ours)
    yield Row(f"raw: librdkafka alone, acks=all, {content}", rate, "events/s")
    yield Row("  CPU", cpu, "µs/event")
    yield Row(f"Kafka sink, {content}", our_rate, "events/s")
    yield Row("  as a share of librdkafka alone", our_rate / rate, "times", 0.8)
    yield Row("  CPU", our_cpu, "µs/event")


def medians(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the median of each column."""
    rates, costs = zip(*found, strict=True)
    return statistics.median(rates), statistics.median(costs)


def measured(send: Callable[[], None]) -> tuple[float, float]:
    """Return events per second, and µs of CPU per event."""
    begin, cpu = time.perf_counter(), time.process_time()
    send()
    seconds, cost = time.perf_counter() - begin, time.process_time() - cpu
    return COUNT / seconds, cost / COUNT * 1e6


def raw(
    servers: str, topic: str, events: list[LoggedEvent], content: Content
) -> Callable[[], None]:
    """Return what sends records that are ready, with librdkafka's defaults for a safe producer."""
    from confluent_kafka import Producer  # noqa: PLC0415

    encode = encoder(content, Envelope(NODE, LOG))
    records = [(f"{NODE}/{event.source}", encode(event)) for event in events]
    settings = {"bootstrap.servers": servers, "enable.idempotence": True, "acks": "all"}
    producer = Producer(settings | {"log_level": 0})
    confirmed: list[object] = []

    def send() -> None:
        for number, (key, (value, headers)) in enumerate(records):
            producer.produce(
                topic,
                value,
                key=key,
                headers=headers,
                on_delivery=lambda error, _message: confirmed.append(error),
            )
            if number % CHUNK == 0:
                producer.poll(0)
        producer.flush()
        if confirmed != [None] * len(records):
            raise RuntimeError("not all is confirmed")

    return send


def sink(
    servers: str, topic: str, events: list[LoggedEvent], content: Content
) -> Callable[[], None]:
    """Return what delivers in the chunks of a forwarder; encoding and connecting count."""
    plan = SinkPlan("bus", (f"kafka://{servers}/{topic}",), KafkaOptions(content=content))
    one: Sink = load_sink_type("kafka").build(plan, context())

    def send() -> None:
        one.open()
        sent = 0
        while sent < len(events):
            sent += one.deliver(events[sent : sent + CHUNK])
        one.close()

    return send


def context() -> SinkContext:
    """Return an agent that does nothing but deliver."""
    return SinkContext(
        NODE,
        LOG,
        About(b"{}"),
        alive=lambda _: None,
        died=lambda _: None,
        retry=lambda: None,
        stopping=lambda: False,
        requested=lambda _: None,
    )


if __name__ == "__main__":
    for each in kafka():
        print(each, flush=True)
