import random
import threading

import pytest


def let_pass(seconds):
    """Let the running processes work for a while: their clock cannot be moved."""
    threading.Event().wait(seconds)


def complete(agent, received, account):
    """Return the account if every event of the log has arrived."""
    seen = account(received)
    return seen if set(agent.offsets()) <= seen.bodies.keys() else None


def check(agent, seen):
    assert seen.order == sorted(seen.order)
    assert seen.contradictions == []
    offsets = agent.offsets()
    assert offsets == list(range(1, offsets[-1] + 1))


def start(agent, received, wait_for):
    """Start and wait until it has delivered something: the broker may still hold older events."""
    starts = agent.starts() + 1
    agent.start()
    wait_for(lambda: agent.starts() == starts)
    before = len(received)
    wait_for(lambda: len(received) > before)


def test_a_broker_killed_under_load_loses_no_event(watched, agent, account, wait_for):
    broker, received = watched("edge/load/event/#")
    one = agent(broker.url).start()
    wait_for(lambda: len(received) > 300)
    broker.kill()
    wait_for(lambda: one.waiting() > 1000)
    broker.start()
    wait_for(lambda: one.waiting() < 200)
    assert one.stop() == 0
    seen = wait_for(lambda: complete(one, received, account))
    assert len(seen.order) > 1300
    check(one, seen)


@pytest.mark.parametrize("kills", [8, pytest.param(60, marks=pytest.mark.nightly)])
def test_an_agent_killed_at_random_moments_loses_no_committed_event(
    broker, agent, subscriber, account, wait_for, kills
):
    moments = random.Random(kills)
    received = subscriber(broker.port, "edge/load/event/#")
    one = agent(broker.url)
    for n in range(kills):
        start(one, received, wait_for)
        if n % 2:
            broker.pause()  # much is under way then, and nothing acknowledged
        let_pass(moments.uniform(0, 0.6))
        one.kill()
        broker.resume()
    start(one, received, wait_for)
    assert one.stop() == 0
    seen = wait_for(lambda: complete(one, received, account))
    check(one, seen)


def test_an_agent_that_starts_without_a_broker_delivers_when_there_is_one(
    watched, agent, account, wait_for
):
    broker, received = watched("edge/load/event/#")
    broker.kill()
    one = agent(broker.url).start()
    wait_for(lambda: one.says("running") and len(one.offsets()) > 100)
    broker.start()
    wait_for(lambda: account(received).bodies.keys() >= {1, 100})
    assert one.stop() == 0
    check(one, wait_for(lambda: complete(one, received, account)))


def test_a_stop_commits_everything_and_delivers_it(broker, agent, subscriber, account, wait_for):
    received = subscriber(broker.port, "edge/load/#")
    one = agent(broker.url).start()
    wait_for(lambda: len(received) > 100)
    assert one.stop() == 0
    assert one.waiting() == 0
    last = wait_for(lambda: account(received).bodies.get(one.offsets()[-1]))
    assert last["data"]["what"] == "stopping"
    wait_for(lambda: [b for topic, b, _ in received if topic.endswith("/status")][-1] == b"offline")


def test_a_stop_does_not_wait_for_a_silent_broker(silence, agent, wait_for):
    one = agent(silence).start()
    wait_for(lambda: one.says("running") and one.waiting() > 100)
    assert one.stop() == 0
