"""Jobs on their way: what is known at once is reported at once."""

from queue import SimpleQueue

import pytest

from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.publisher import Publisher


class Session:
    """A session of which only the limit of a packet is asked."""

    def __init__(self, max_packet, room=100):
        self.max_packet = max_packet
        self.room = room

    def fits(self, _topic, payload):
        return len(payload) <= self.max_packet

    def publish_all(self, messages, _properties):
        return list(range(1, len(messages) + 1))


@pytest.fixture
def sent():
    """Return what is reported of messages when all of them are sent, before anything arrives."""

    def report(*payloads):
        reply = SimpleQueue()
        publisher = Publisher(20.0)
        publisher.add(Job([("topic", payload) for payload in payloads], None, reply, 10))
        publisher.send(Session(10))
        return None if reply.empty() else reply.get()

    return report


def test_what_is_too_large_is_reported_without_a_word_from_the_broker(sent):
    assert sent(b"x" * 11, b"x" * 12).refused == dict.fromkeys(range(2), "larger than 10 bytes")


@pytest.mark.parametrize("source", ["a+", "#", "a\0b", "x" * 70_000])
def test_an_event_whose_source_is_no_part_of_a_topic_is_refused_alone(source):
    reply = SimpleQueue()
    publisher = Publisher(20.0)
    publisher.add(Job([(f"edge/n/event/reading/{source}", b"")], None, reply, 10**6))
    publisher.send(Session(10**6))
    assert reply.get(timeout=1).refused == {0: "its source is no part of a topic"}


def test_what_is_on_its_way_is_waited_for(sent):
    assert sent(b"x" * 11, b"x") is None


@pytest.mark.parametrize(
    ("unsent", "reason"),
    [
        (("topic", b"x" * 11), "larger than 10 bytes"),
        (("topic/+", b"x"), "its source is no part of a topic"),
    ],
)
def test_an_acknowledgement_is_of_its_own_message_behind_one_that_is_not_sent(unsent, reason):
    reply, publisher, session = SimpleQueue(), Publisher(20.0), Session(10)
    publisher.add(Job([("topic", b""), unsent, ("topic", b"x" * 10)], None, reply, 10))
    publisher.send(session)
    session.acknowledged, session.refused = {2}, [(1, "no", True)]
    publisher.settle(session)
    assert reply.get(timeout=1).refused == {0: "no", 1: reason}


def test_only_a_message_that_gets_much_smaller_each_time_is_worth_a_quick_try():
    publisher = Publisher(20.0)

    def is_cut_off(size):
        publisher.add(Job([("topic", b"x" * size)], None, SimpleQueue(), 10**6))
        publisher.send(Session(10**6))
        found = publisher.was_smaller()
        publisher.fail("connection lost")
        return found

    sizes = [1000, 500, 500, 490, 250, 1000, 500]
    assert [is_cut_off(size) for size in sizes] == [True, True, False, False, True, False, False]
