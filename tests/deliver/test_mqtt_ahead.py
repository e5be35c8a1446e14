"""A long batch: a second job waits at the connection while the first one is acknowledged."""

import json
from queue import SimpleQueue

import pytest

from edge_agent.deliver.mqtt.connection import GATHER_SECONDS, MANY
from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.publisher import Publisher
from edge_agent.deliver.mqtt.sent import Sent
from edge_agent.deliver.mqtt.sink import JOB
from edge_agent.errors import EventRejected

INVALID = 0x99  # the payload's format: for good


def published(broker):
    """Return the offsets of the events that the broker got, in order."""
    bodies = (body for topic, body in broker.published if "/event/" in topic)
    events = (json.loads(body[body.index(b"{") :]) for body in bodies)  # behind the properties
    return [int(event["sequence"]) for event in events]


def test_what_comes_behind_goes_out_before_it_is_asked_for(scripted, client, events, wait_for):
    broker = scripted()
    assert client(broker.url).up().sink.deliver(events(2 * JOB)) == JOB
    wait_for(lambda: published(broker) == [*range(1, 2 * JOB + 1)])


def test_nothing_goes_out_twice(scripted, client, events):
    broker = scripted()
    client(broker.url).up().deliver_all(events(5 * JOB + 7))
    assert published(broker) == [*range(1, 5 * JOB + 8)]


def test_another_batch_than_the_one_that_was_begun_is_delivered_whole(scripted, client, events):
    broker = scripted()
    one = client(broker.url).up()
    one.sink.deliver(events(2 * JOB))
    one.deliver_all(events(JOB + 1, first=JOB))
    assert published(broker)[-JOB - 1 :] == [*range(JOB, 2 * JOB + 1)]


def test_what_comes_behind_a_refusal_waits_until_that_is_reported(scripted, client, events):
    broker = scripted(puback=lambda n: INVALID if n == 3 else 0)
    sink = client(broker.url).up().sink
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(2 * JOB))
    assert (caught.value.settled, [*caught.value.refused]) == (JOB, [3])
    assert sink.deliver(events(JOB, first=JOB + 1)) == JOB
    assert published(broker) == [*range(1, 2 * JOB + 1)]


def test_an_agent_that_stops_sends_nothing_behind_what_is_under_way(scripted, client, events):
    broker = scripted()
    one = client(broker.url).up()
    one.stopping.set()
    assert one.sink.deliver(events(2 * JOB)) == JOB
    one.stop()
    assert published(broker) == [*range(1, JOB + 1)]


def test_what_is_under_way_at_a_stop_is_settled_by_the_next_delivery(scripted, client, events):
    broker = scripted()
    one = client(broker.url).up()
    one.sink.deliver(events(3 * JOB))
    one.stopping.set()
    assert one.sink.deliver(events(2 * JOB, first=JOB + 1)) == JOB
    one.stop()
    assert published(broker) == [*range(1, 2 * JOB + 1)]


def test_acknowledgements_gather_only_while_many_messages_are_under_way(scripted, client, events):
    one, rests = client(scripted().url).up(), []
    one.connection._inbox.rest = rests.append
    one.deliver_all(events(MANY // 2))
    assert rests == []
    one.deliver_all(events(2 * MANY, first=MANY))
    assert set(rests) == {GATHER_SECONDS}


class Session:
    """A session that takes everything and keeps the payloads."""

    max_packet, room = 1000, 100

    def __init__(self):
        self.acknowledged, self.refused = set(), []
        self.payloads, self.moved_at = [], float("inf")

    def fits(self, *_):
        return True

    def publish_all(self, messages, _properties):
        self.payloads += [payload for _, payload in messages]
        return range(len(self.payloads), len(self.payloads) + len(messages))


@pytest.mark.parametrize(("refused", "sent"), [("", [b"a", b"b"]), ("0x99", [b"a"])])
def test_a_job_goes_out_only_behind_one_that_has_passed(refused, sent):
    first = Job([("topic", b"a")], None, SimpleQueue(), 1000)
    second = Job([("topic", b"b")], None, SimpleQueue(), 1000, behind=first)
    publisher, session = Publisher(20.0), Session()
    for job in (first, second):
        publisher.add(job)
    publisher.send(session)
    session.acknowledged = set() if refused else {1}
    session.refused = [(1, refused, True)] if refused else []
    publisher.settle(session)
    publisher.send(session)
    assert session.payloads == sent
    assert first.reply.get_nowait().passed == (not refused)
    assert second.reply.empty() == (not refused)


def test_a_job_whose_forerunner_was_cut_off_does_not_go_out_on_the_next_session():
    first = Job([("topic", b"a")], None, SimpleQueue(), 1000)
    publisher, session = Publisher(20.0), Session()
    publisher.add(first)
    publisher.fail("connection lost")
    publisher.add(Job([("topic", b"b")], None, SimpleQueue(), 1000, behind=first))
    publisher.send(session)
    assert session.payloads == []


def test_a_batch_begins_with_what_was_sent_only_if_all_of_it_is_there(events):
    sent = Sent([events(2), events(1, first=3)], Job([], None, SimpleQueue()))
    assert sent.begins(events(3))
    assert sent.begins(events(4))
    assert not sent.begins(events(2))
    assert not sent.begins(events(3, first=2))
    assert not sent.begins([*events(2), *events(1, first=4)])
