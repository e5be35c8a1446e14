"""Kafka: the sink beside the raw client, the same bytes to the same server in the same run.

python -m benchmarks.kafka   prints the rows alone.
"""

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.row import Row
from benchmarks.sinks import (
    CHUNK,
    LOG,
    NODE,
    Send,
    Sender,
    compared,
    delivering,
    laboratory,
    logged,
)
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.options import Content, KafkaOptions
from edge_agent.deliver.kafka.record import Record, encoder
from edge_agent.deliver.sink import SinkPlan
from edge_agent.events import LoggedEvent

COUNT, RUNS = 200_000, 5


def missing() -> str:
    """Return why Kafka cannot be measured here; empty if it can."""
    if importlib.util.find_spec("confluent_kafka") is None:
        return "confluent-kafka is missing: pip install 'edge-agent[kafka]'"
    programs = [name for name in ("java", "mvn") if shutil.which(name) is None]
    return f"{' and '.join(programs)} missing: make test-buses installs it" if programs else ""


def kafka() -> Iterator[Row]:
    """Measure events per second and CPU, of the sink and of librdkafka alone."""
    yield from on_kafka(compare)


def on_kafka(measure: Callable[[Any, Content], Iterator[Row]]) -> Iterator[Row]:
    """Measure each mode on a Kafka of its own; say why if that is not possible."""
    if reason := missing():
        print(f"Kafka is not measured: {reason}", file=sys.stderr)
        return
    with server() as one:
        yield from measure(one, "structured")
        yield from measure(one, "binary")


@contextmanager
def server() -> Iterator[Any]:
    """Yield a Kafka of its own, as the tests start it."""
    laboratory()
    from tests.buses.servers.kafka import Kafka  # noqa: PLC0415 - needs confluent-kafka

    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        one: Any = Kafka(Path(name))  # type: ignore[no-untyped-call]
        one.start()
        try:
            yield one
        finally:
            one.stop()


def compare(server: Any, content: Content) -> Iterator[Row]:  # noqa: ANN401 - a class of the tests
    """Compare the sink with librdkafka alone, in one mode; each run has a topic of its own."""
    events = logged(COUNT)

    def topic(name: str) -> str:
        server.create(name)
        return name

    return compared(
        Sender(
            f"raw: librdkafka alone, acks=all, {content}",
            lambda run: raw(server.servers, topic(f"{content}-raw-{run}"), events, content),
        ),
        Sender(
            f"Kafka sink, {content}",
            lambda run: sink(server.servers, topic(f"{content}-sink-{run}"), events, content),
        ),
        "librdkafka",
        COUNT,
        RUNS,
    )


def raw(servers: str, topic: str, events: list[LoggedEvent], content: Content) -> Send:
    """Return what sends records that are ready, with librdkafka's defaults for a safe producer."""
    from confluent_kafka import Producer  # noqa: PLC0415

    encode = encoder(content, Envelope(NODE, LOG))
    keyed = [(f"{NODE}/{event.source}", encode(event)) for event in events]
    settings = {"bootstrap.servers": servers, "enable.idempotence": True, "acks": "all"}
    producer = Producer(settings | {"queue.buffering.max.messages": COUNT, "log_level": 0})
    confirmed: list[object] = []

    def produce(records: list[tuple[str, Record]]) -> None:
        for number, (key, record) in enumerate(records):
            producer.produce(
                topic,
                record.value,
                key=key,
                headers=record.headers,
                on_delivery=lambda error, _message: confirmed.append(error),
            )
            if number % CHUNK == 0:
                producer.poll(0)
        producer.flush()

    def send() -> None:
        produce(keyed[1:])
        if confirmed != [None] * len(keyed):
            raise RuntimeError("not all is confirmed")

    produce(keyed[:1])  # connects
    return send


def sink(servers: str, topic: str, events: list[LoggedEvent], content: Content) -> Send:
    """Return what delivers to a topic."""
    plan = SinkPlan("bus", (f"kafka://{servers}/{topic}",), KafkaOptions(content=content))
    return delivering(plan, events)


if __name__ == "__main__":
    for each in kafka():
        print(each, flush=True)
