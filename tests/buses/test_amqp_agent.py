"""The real agent, killed (-9) at random, with a real RabbitMQ behind it."""

import random
import threading

import pytest
from lab.agent import AgentProcess
from lab.waiting import eventually

from edge_agent.store.reader import LogReader
from tests.buses.amqp_queue import QueueReader, channel, offset
from tests.configurations import load

KILLS = 12
QUEUE = "settled-quorum"
SINK = """
[[sink]]
name = "bus"
url = "{url}"
from = "beginning"
queue = "{queue}"
"""


@pytest.fixture
def agent(rabbitmq, settled_queues, tmp_path):
    with channel(rabbitmq.port) as one:
        one.queue_purge(settled_queues["quorum"])
    config = load(5) + SINK.format(url=rabbitmq.url, queue=settled_queues["quorum"])
    process = AgentProcess(tmp_path, "", config)
    yield process
    if process.is_running():
        process.kill()


def confirmed(agent):
    """Return the offset up to which the log has noted events as delivered to the queue."""
    reader = LogReader(agent.log)
    try:
        accounts = reader.accounts()
        return accounts["bus"].cursor if "bus" in accounts else 0
    finally:
        reader.close()


def bodies_of(agent):
    """Return the data of every event in the log, by offset."""
    reader = LogReader(agent.log)
    try:
        return {event.offset: event.source for event in reader.read_after(0, 1_000_000)}
    finally:
        reader.close()


def test_an_agent_killed_at_random_moments_loses_nothing_that_it_had_confirmed(agent, rabbitmq):
    moments, pause = random.Random(KILLS), threading.Event()
    for kill in range(KILLS):
        starts = agent.starts() + 1
        agent.start()
        eventually(lambda starts=starts: agent.starts() == starts)
        before = confirmed(agent)
        eventually(lambda before=before: confirmed(agent) > before)
        if kill % 3 == 1:
            rabbitmq.pause()  # much is under way then, and nothing confirmed
        pause.wait(moments.uniform(0, 1))  # of running processes, whose clock cannot be moved
        agent.kill()
        rabbitmq.resume()
    agent.start()
    last = max(bodies_of(agent))
    eventually(lambda: confirmed(agent) >= last)
    assert agent.stop() == 0
    check(agent, QueueReader(QUEUE, "quorum").at_least(last, rabbitmq.port))


def check(agent, events):
    """Check that everything confirmed is stored, in order, and duplicates are the same."""
    logged, found = bodies_of(agent), {}
    for event in events:
        assert found.setdefault(offset(event), event) == event
        assert logged[offset(event)] == event["subject"]
    assert list(found) == list(range(1, len(found) + 1))
    assert confirmed(agent) <= len(found)
    assert len(events) - len(found) <= KILLS * 1000
