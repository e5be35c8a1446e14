"""The real agent, killed (-9) at random, with a real RabbitMQ behind it."""

import pytest
from lab.agent import AgentProcess

from tests.buses.amqp_queue import QueueReader, channel, offset
from tests.buses.kills import kill_at_random
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


def test_an_agent_killed_at_random_moments_loses_nothing_that_it_had_confirmed(agent, rabbitmq):
    last = kill_at_random(agent, "bus", rabbitmq, KILLS)
    check(agent, QueueReader(QUEUE, "quorum").at_least(last, rabbitmq.port))


def check(agent, events):
    """Check that everything confirmed is stored, in order, and duplicates are the same."""
    logged, found = {event.offset: event.source for event in agent.events()}, {}
    for event in events:
        assert found.setdefault(offset(event), event) == event
        assert logged[offset(event)] == event["subject"]
    assert list(found) == list(range(1, len(found) + 1))
    assert agent.cursor("bus") <= len(found)
    assert len(events) - len(found) <= KILLS * 1000
