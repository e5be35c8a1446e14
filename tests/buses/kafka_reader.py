"""A reader of a topic, for the tests: everything that it holds, partition by partition."""

import json
from typing import NamedTuple

from confluent_kafka import Consumer, TopicPartition


class Stored(NamedTuple):
    """A record: the offset in the agent's log, the event's data, and what Kafka keeps beside it."""

    offset: int
    data: object
    key: str
    partition: int
    time: int  # ms since 1970


def stored(kafka, topic):
    """Return what a topic holds, each partition in its order."""
    return [_read(record) for record in records(kafka, topic)]


def records(kafka, topic):
    """Return the records of a topic, read by a consumer of its own."""
    settings = {"bootstrap.servers": kafka.servers, "group.id": "reader", "log_level": 0}
    consumer = Consumer(settings)
    try:
        partitions = consumer.list_topics(topic, timeout=60).topics[topic].partitions
        return [one for number in partitions for one in _partition(consumer, topic, number)]
    finally:
        consumer.close()


def _partition(consumer, topic, number):
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=60)
    consumer.assign([TopicPartition(topic, number, low)])
    held = []
    while not held or held[-1].offset() < high - 1:
        if low == high:
            break
        held += [record for record in consumer.consume(1000, 1.0) if not record.error()]
    return held


def _read(record):
    headers, body = dict(record.headers()), json.loads(record.value())
    if "ce_id" in headers:
        event, data = headers["ce_id"].decode(), body
    else:
        event, data = body["id"], body["data"]
    offset, (_, time) = int(event.split(":")[1]), record.timestamp()
    return Stored(offset, data, record.key().decode(), record.partition(), time)


def first_arrivals(found):
    """Return the offsets of a topic, each where it has arrived first."""
    return list(dict.fromkeys(one.offset for one in found))


def in_order(found):
    """Return whether the first arrivals of every key are in the order of the log."""
    keys = {}
    for one in found:
        keys.setdefault(one.key, []).append(one)
    return all(first_arrivals(one) == sorted(first_arrivals(one)) for one in keys.values())
