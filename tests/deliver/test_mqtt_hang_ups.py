"""A broker that hangs up on an event: a passing fault never costs the event."""

import itertools
import json

import pytest

from edge_agent.clock import ManualClock
from edge_agent.deliver.mqtt.hang_ups import SECONDS, TIMES, HangUps, smaller
from edge_agent.deliver.mqtt.job import MAX_PACKET
from edge_agent.errors import EventRejected, SinkUnavailable
from tests.deliver.conftest import logged

LARGE = json.dumps({"text": "x" * 5000})
VERSIONS = pytest.mark.parametrize("version", [4, 5])


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def impatient(client, clock):
    """A function: a client without pauses, for which each attempt takes half a minute."""

    def make(broker, version=5, **more):
        one = client(broker.url, versions=(version,), **more)
        one.connection._backoff.next = lambda *_: 0.0
        one.sink._hang_ups = HangUps(clock.monotonic)
        return one.up()

    return make


def attempt(one, batch, clock):
    """Deliver when there is a connection; return how many are settled, and the refused ones."""
    while True:
        try:
            return one.sink.deliver(batch), {}
        except EventRejected as error:
            return error.settled, error.refused
        except SinkUnavailable as error:
            if not str(error).startswith("not connected"):
                clock.advance(30)
                return 0, {}


def deliver(one, batch, clock, attempts=400):
    """Deliver as a forwarder does; return what was refused, and what is left."""
    refused = {}
    for _ in range(attempts):
        if not batch:
            break
        count, more = attempt(one, batch, clock)
        refused |= more
        batch = batch[count:]
    return refused, batch


def hangs_up_on(broker, limit=4000):
    return lambda _n: "close" if len(broker.published[-1][1]) > limit else 0


def with_large(events, at=3, count=8, data=LARGE, kind="reading"):
    batch = events(count)
    batch[at - 1] = batch[at - 1]._replace(data=data, kind=kind)
    return batch


@VERSIONS
@pytest.mark.parametrize("max_batch", [1, 4])
def test_an_event_on_which_the_broker_always_hangs_up_is_refused_and_the_rest_arrives(
    scripted, impatient, events, clock, version, max_batch
):
    broker = scripted()
    broker.puback = hangs_up_on(broker)
    one = impatient(broker, version, max_batch=max_batch)
    assert deliver(one, with_large(events), clock) == ({3: "the broker hangs up on it"}, [])
    assert {n for n in range(1, 9) if n != 3} <= offsets(broker)


def offsets(broker):
    text = b"".join(body for topic, body in broker.published if "status" not in topic)
    return {n for n in range(1, 20) if f'"log:{n}"'.encode() in text}


def test_a_link_that_breaks_at_every_large_transfer_for_minutes_costs_nothing(
    scripted, impatient, events, clock
):
    broker = scripted()
    broker.puback = hangs_up_on(broker)
    one = impatient(broker)
    began = clock.monotonic()
    batch = with_large(events)
    while clock.monotonic() - began < SECONDS - 60:
        count, refused = attempt(one, batch, clock)
        assert refused == {}
        batch = batch[count:]
    broker.puback = lambda _n: 0
    assert deliver(one, batch, clock) == ({}, [])
    assert 3 in offsets(broker)


def test_a_broker_that_hangs_up_on_a_topic_gets_its_events_when_it_permits_them(
    scripted, impatient, events, clock
):
    broker = scripted(puback=lambda _n: "close")
    one = impatient(broker)
    refused, left = deliver(one, with_large(events, at=1), clock, attempts=4 * TIMES)
    assert (refused, len(left)) == ({}, 8)
    broker.puback = lambda _n: 0
    assert deliver(one, left, clock) == ({}, [])


def test_an_event_that_nothing_smaller_accompanies_waits(scripted, impatient, events, clock):
    broker = scripted()
    broker.puback = hangs_up_on(broker)
    one = impatient(broker)
    alone = [logged(1, LARGE), logged(2, LARGE)]
    assert deliver(one, alone, clock, attempts=4 * TIMES) == ({}, alone)


def test_a_disconnect_because_of_the_message_refuses_it_at_once(scripted, impatient, events, clock):
    broker = scripted()
    too_large = b"\xe0\x02\x95\0"
    broker.puback = lambda _n: too_large if len(broker.published[-1][1]) > 4000 else 0
    before = clock.monotonic()
    refused, left = deliver(impatient(broker), with_large(events), clock)
    assert (refused, left) == ({3: "the broker ends the connection because of it"}, [])
    assert clock.monotonic() - before < SECONDS


@pytest.mark.parametrize("reason", [0x87, 0x89, 0x8B, 0x8E, 0x97])
def test_a_disconnect_for_any_other_reason_costs_nothing(
    scripted, impatient, events, clock, reason
):
    broker = scripted()
    other = bytes([0xE0, 2, reason, 0])
    broker.puback = lambda _n: other if len(broker.published[-1][1]) > 4000 else 0
    refused, left = deliver(impatient(broker), with_large(events), clock, attempts=4 * TIMES)
    assert (refused, left[0].offset) == ({}, 3)


def test_a_gap_event_on_which_the_broker_hangs_up_waits_and_is_never_refused(
    scripted, impatient, events, clock
):
    broker = scripted()
    broker.puback = hangs_up_on(broker)
    ranges = [[n, n] for n in range(1, 4000, 2)]
    data = json.dumps({"reason": "max_size", "count": len(ranges), "ranges": ranges})
    batch = with_large(events, at=1, data=data, kind="gap")
    refused, left = deliver(impatient(broker), batch, clock, attempts=4 * TIMES)
    assert (refused, left[0].offset) == ({}, 1)
    bodies = {body for topic, body in broker.published if "/event/gap/" in topic}
    assert len(bodies) == 1


class Attempts:
    """Hang-ups of one event, `every` so many seconds."""

    def __init__(self, clock, every):
        self.clock, self.every, self.of = clock, every, HangUps(clock.monotonic)
        self.event = logged(1, LARGE)
        self.of.reason(self.event, "hung up", alone=False)

    def times(self, count, *, way=True, event=None):
        """Return at which attempt the event is refused, or 0."""
        for n in range(1, count + 1):
            if way:
                self.of.passed_smaller()
            self.clock.advance(self.every)
            if self.of.reason(event or self.event, "hung up", alone=True):
                return n
        return 0


def test_it_takes_both_a_number_of_times_and_some_minutes(clock):
    assert Attempts(clock, SECONDS / 2).times(TIMES - 1) == 0
    assert Attempts(clock, SECONDS).times(2 * TIMES) == TIMES
    assert Attempts(clock, SECONDS / 30).times(100) == 31


def test_without_a_smaller_event_on_the_way_it_never_counts(clock):
    assert Attempts(clock, SECONDS).times(10 * TIMES, way=False) == 0


@pytest.mark.parametrize("between", ["doubt", "other", "name"])
def test_whatever_else_comes_between_begins_the_count_again(clock, between):
    attempts = Attempts(clock, SECONDS)
    for _ in range(5):
        assert attempts.times(TIMES - 1) == 0
        if between == "doubt":
            attempts.of.doubt()
        else:
            attempts.of.reason(attempts.event, between, alone=True)


def test_the_next_event_of_that_size_takes_no_minutes_until_one_has_passed(clock):
    attempts = Attempts(clock, SECONDS)
    assert attempts.times(TIMES) == TIMES
    attempts.every = 0.1
    offsets = itertools.count(2)

    def following(data):
        event = logged(next(offsets), data)
        attempts.of.reason(event, "hung up", alone=False)
        return attempts.times(2 * TIMES, event=event)

    assert following(LARGE) == TIMES
    assert following(LARGE[:-1]) == 0
    attempts.of.passed([[logged(next(offsets), LARGE)]])
    assert following(LARGE) == 0


def test_the_way_is_shown_by_the_smallest_event_for_the_topic_if_it_is_much_smaller(events):
    topic = lambda event: event.source  # noqa: E731
    large, small, other = logged(1, LARGE), logged(2), logged(3, "{}")._replace(source="soil")
    assert smaller([large, small, other], topic) == small
    assert smaller([large, other], topic) is None
    assert smaller([large, logged(2, LARGE[:4000])], topic) is None
    assert smaller([large], topic) is None


class LimitedConnection:
    """A connection to a broker that takes 3000 bytes, as every session says."""

    def __init__(self):
        self.limits = []

    def post(self, job):
        self.limits.append(job.largest)
        if job.largest == 3000:
            job.settle(range(len(job.messages)))
        job.largest = 3000
        job.finish()


def test_a_lower_limit_is_learned_while_a_smaller_event_shows_the_way(client, events, clock):
    one = client("mqtt://127.0.0.1:1")
    connection = one.sink._connection = LimitedConnection()
    hang_ups = one.sink._hang_ups = HangUps(clock.monotonic)
    batch = with_large(events, at=1)
    for _ in range(2):
        hang_ups.reason(batch[0], "hung up", alone=True)
    with pytest.raises(SinkUnavailable, match="takes 3000 bytes"):
        one.sink.deliver(batch)
    assert one.sink.deliver(batch) >= 1
    assert connection.limits[:2] == [MAX_PACKET, 3000]
