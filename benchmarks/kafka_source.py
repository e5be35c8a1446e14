"""Kafka: the source of consumers beside the raw client, the same bytes from the same server.

python -m benchmarks.kafka_source   prints the rows alone.
"""

from collections.abc import Iterator
from typing import Any

from benchmarks.kafka import on_kafka, raw
from benchmarks.row import Row
from benchmarks.sinks import Send, Sender, compared, logged
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from edge_agent.deliver.kafka.options import Content

COUNT, RUNS = 50_000, 5
AT_ONCE, SECONDS = 1000, 1.0  # as the source asks the library


def kafka_source() -> Iterator[Row]:
    """Measure events per second and CPU, of the source and of librdkafka alone."""
    yield from on_kafka(compare)


def compare(server: Any, content: Content) -> Iterator[Row]:  # noqa: ANN401 - a class of the tests
    """Compare the source with librdkafka alone, which does not look into what it gets."""
    topic = f"read-{content}"
    server.create(topic)
    raw(server.servers, topic, logged(COUNT), content)()
    return compared(
        Sender(
            f"raw: librdkafka alone reads, {content}", lambda _run: alone(server.servers, topic)
        ),
        Sender(f"Kafka source, {content}", lambda run: source(server.servers, topic, run)),
        "librdkafka",
        COUNT,
        RUNS,
        at_least=None,
    )


def alone(servers: str, topic: str) -> Send:
    """Return what takes the bytes of every record."""
    from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition  # noqa: PLC0415

    settings = {"bootstrap.servers": servers, "group.id": "raw", "enable.auto.commit": False}

    def read() -> None:
        consumer = Consumer(settings | {"log_level": 0})
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        read = size = 0
        while read < COUNT:
            for message in consumer.consume(AT_ONCE, SECONDS):
                size += len(message.value() or b"")
                read += 1
        consumer.close()

    return read


def source(servers: str, topic: str, run: int) -> Send:
    """Return what reads checked events, and acknowledges them, as a new group."""
    plan = SourcePlan(url=f"kafka://{servers}/{topic}", group=f"{topic}-{run}", start="beginning")

    def read() -> None:
        one = source_of(plan)
        one.open()
        read = 0
        while read < COUNT:
            count = len(one.receive(SECONDS))
            one.acknowledge(count)
            read += count
        one.close()

    return read


if __name__ == "__main__":
    for each in kafka_source():
        print(each, flush=True)
