"""The real agent, killed at random moments while it sends to queues of ElasticMQ."""

import json
import random
import threading

import pytest
from lab.agent import AgentProcess
from lab.waiting import eventually

from tests.buses.readers.queue_reader import QueueReader, offset_of
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import REGION
from tests.configurations import load

KILLS = 8
SINK = """
[mqtt]
url = "mqtt://127.0.0.1:9"  # nothing listens there
[[sink]]
name = "cloud"
url = "sqs+{url}"
region = "{region}"
credentials_file = "{credentials}"
from = "beginning"
"""


@pytest.fixture
def elasticmq(tmp_path):
    server = ElasticMq(tmp_path, ["events", "events.fifo"]).start()
    yield server
    server.kill()


@pytest.fixture
def agent(tmp_path, elasticmq):
    """A function: make an agent that sends to a queue."""
    agents = []

    def make(queue):
        words = {"url": elasticmq.queue(queue), "credentials": elasticmq.credentials}
        agents.append(AgentProcess(tmp_path, "", load(2) + SINK.format(region=REGION, **words)))
        return agents[-1]

    yield make
    for each in agents:
        if each.is_running():
            each.kill()


@pytest.fixture
def reader(tmp_path, elasticmq):
    """A function: read a queue from now on."""
    readers = []

    def read(queue):
        readers.append(QueueReader(elasticmq, queue, tmp_path / "reader.log"))
        return readers[-1]

    yield read
    for each in readers:
        each.close()


def let_pass(seconds):
    """Let the running processes work for a while: their clock cannot be moved."""
    threading.Event().wait(seconds)


class Arrivals:
    """The events by offset, in the order of their first arrival; none has two contents."""

    def __init__(self, sqs):
        self._sqs = sqs
        self.events = {}
        self.count = 0

    def await_all(self, last):
        """Wait until every event up to an offset has arrived."""
        eventually(lambda: self._take() or set(range(1, last + 1)) <= self.events.keys(), 120)

    def _take(self):
        for message in self._sqs.messages[self.count :]:
            self.count += 1
            event = json.loads(message["Body"])
            assert self.events.setdefault(offset_of(event), event) == event

    def of(self, device):
        return [offset for offset, event in self.events.items() if event["subject"] == device]


@pytest.mark.parametrize("queue", ["events", "events.fifo"])
def test_an_agent_killed_at_random_moments_loses_no_event_and_confirms_none_that_is_not_there(
    agent, reader, queue
):
    moments, sqs, one = random.Random(queue), reader(queue), agent(queue)
    arrivals = Arrivals(sqs)
    for _ in range(KILLS):
        before = len(sqs.messages)
        one.start()
        eventually(lambda before=before: len(sqs.messages) > before)
        let_pass(moments.uniform(0, 0.6))
        one.kill()
        arrivals.await_all(one.cursor("cloud"))
    starts = one.starts() + 1
    one.start()
    eventually(lambda: one.starts() == starts and one.cursor("cloud") > 300)
    assert one.stop() == 0
    assert one.offsets() == list(range(1, one.offsets()[-1] + 1))
    arrivals.await_all(one.cursor("cloud"))
    for device in {event["subject"] for event in arrivals.events.values()}:
        assert queue == "events" or arrivals.of(device) == sorted(arrivals.of(device))
