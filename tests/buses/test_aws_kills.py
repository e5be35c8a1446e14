"""The real agent, killed at random moments while it sends to queues of ElasticMQ."""

import random
import threading

import pytest
from lab.agent import AgentProcess
from lab.waiting import eventually

from edge_agent.store.reader import LogReader
from tests.buses.readers.queue_reader import QueueReader
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


def confirmed(agent):
    """Return the last offset that the sink owns, as the log knows it."""
    reader = LogReader(agent.log)
    try:
        account = reader.accounts().get("cloud")
        return account.cursor if account else 0
    finally:
        reader.close()


def let_pass(seconds):
    """Let the running processes work for a while: their clock cannot be moved."""
    threading.Event().wait(seconds)


class Arrivals:
    """The events by offset, in the order of their first arrival; none has two contents."""

    def __init__(self, sqs):
        self.events = {}
        self.count = 0
        for event in sqs.events:
            self.count += 1
            offset = int(event["id"].split(":")[1])
            assert self.events.setdefault(offset, event) == event

    def of(self, device):
        return [offset for offset, event in self.events.items() if event["subject"] == device]


@pytest.mark.parametrize("queue", ["events", "events.fifo"])
def test_an_agent_killed_at_random_moments_loses_no_event_and_confirms_none_that_is_not_there(
    agent, reader, queue, record_property
):
    moments, sqs, one = random.Random(queue), reader(queue), agent(queue)
    for _ in range(KILLS):
        before = len(sqs.messages)
        one.start()
        eventually(lambda before=before: len(sqs.messages) > before)
        let_pass(moments.uniform(0, 0.6))
        one.kill()
        wanted = set(range(1, confirmed(one) + 1))
        eventually(lambda wanted=wanted: wanted <= Arrivals(sqs).events.keys())
    starts = one.starts() + 1
    one.start()
    eventually(lambda: one.starts() == starts and confirmed(one) > 300)
    assert one.stop() == 0
    assert one.offsets() == list(range(1, one.offsets()[-1] + 1))
    wanted = set(range(1, confirmed(one) + 1))
    eventually(lambda: wanted <= Arrivals(sqs).events.keys())
    found = Arrivals(sqs)
    for device in {event["subject"] for event in found.events.values()}:
        assert queue == "events" or found.of(device) == sorted(found.of(device))
    record_property("messages", f"{found.count}, of {len(found.events)} events")
