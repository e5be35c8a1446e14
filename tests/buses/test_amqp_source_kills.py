"""A consumer and its RabbitMQ are killed (-9) at random: nothing is lost, the effect is once."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from functools import partial

import pika
import pytest
from lab.waiting import eventually

from edge_agent.testing.origin import messages
from tests.buses.amqp_queue import channel

CHUNK = 500
CHUNKS = 6
TOTAL = CHUNK * CHUNKS
LONG = 240  # s, for a node that repairs its files on a busy machine
PERSISTENT = pika.BasicProperties(delivery_mode=2)

CONSUMER = """
import sys
import time
from pathlib import Path

from consumers.inbox.inbox import Inbox
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from lab.waiting import eventually

url, here = sys.argv[1], Path(sys.argv[2])
store = SqliteProgress(here / "store.db")
store.database.execute("CREATE TABLE IF NOT EXISTS seen (id TEXT, number INTEGER)")
inbox = Inbox(store, SqliteLetters(here / "dead.sqlite"))
source = source_of(SourcePlan(url=url, group="mine", start="beginning", state=str(here)))

def opened():
    try:
        source.open()
    except SourceUnavailable:
        return False
    return True

eventually(opened, 600)  # a test that gives up ends this process
while True:
    events = list(inbox.take(source.receive(0.25), time.time()))
    with store.transaction(durable=False) as database:
        database.executemany("INSERT INTO seen VALUES (?, ?)", [(e.id, e.offset) for e in events])
        inbox.save()
    source.acknowledge(inbox.settle())
"""


class ConsumerProcess:
    """A consumer that counts each arrival in the transaction that keeps its progress."""

    def __init__(self, url, directory):
        self._words = [sys.executable, "-c", CONSUMER, url, str(directory)]
        self._surroundings = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        self._store = directory / "store.db"
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._words, env=self._surroundings)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def check(self):
        """Fail if the consumer ended by itself."""
        assert self._process.poll() is None

    def value(self, query):
        """Return what a query counts; 0 while there is no table."""
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self._store)) as database:
            return database.execute(query).fetchone()[0]
        return 0

    def has(self, count):
        """Return whether so many different events have had their effect."""
        self.check()
        return self.value("SELECT count(DISTINCT id) FROM seen") >= count


def publish(node, queue, numbers):
    """Publish events until the broker has confirmed each of them."""
    with channel(node.port) as one:
        one.confirm_delivery()
        for message in messages(numbers):
            eventually(partial(stored, one, queue, message), LONG)


def stored(one, queue, message):
    try:
        one.basic_publish("", queue, message.payload, PERSISTENT, mandatory=True)
    except pika.exceptions.UnroutableError:
        return False
    return True


@pytest.mark.parametrize("queue_type", ["quorum", "stream"])
def test_whatever_is_killed_every_event_has_its_effect_once(
    rabbitmq, settled_queues, tmp_path, queue_type
):
    queue, moments, pause = settled_queues[queue_type], random.Random(14), threading.Event()
    publish(rabbitmq, queue, range(1, CHUNK + 1))
    consumer = ConsumerProcess(f"{rabbitmq.url}/{queue}", tmp_path)
    try:
        for chunk in range(1, CHUNKS):
            eventually(partial(consumer.has, (chunk - 1) * CHUNK + 1), LONG)
            pause.wait(moments.uniform(0, 0.3))  # of running processes: their clock cannot be moved
            consumer.kill()
            if chunk % 2:
                rabbitmq.settle()
                consumer.start()
                rabbitmq.kill()
                rabbitmq.start()
            else:
                consumer.start()
            publish(rabbitmq, queue, range(chunk * CHUNK + 1, (chunk + 1) * CHUNK + 1))
        eventually(partial(consumer.has, TOTAL), LONG)
        consumer.check()
    finally:
        consumer.kill()
    assert consumer.value("SELECT count(*) FROM seen") == TOTAL
    assert consumer.value("SELECT count(DISTINCT id) FROM seen") == TOTAL
    assert consumer.value("SELECT max(number) FROM seen") == TOTAL
