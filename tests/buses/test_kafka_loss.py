"""Servers that are killed or silent, and a clock that is wrong: nothing confirmed is lost."""

import logging
import threading
import time
from contextlib import suppress

import pytest
from confluent_kafka import Producer
from lab.waiting import eventually

from edge_agent.deliver.catalog import load_sink_type
from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent
from tests.buses.kafka_reader import first_arrivals, in_order, records, stored
from tests.buses.servers.kafka import Kafka

_logger = logging.getLogger(__name__)  # `-o log_cli_level=INFO` shows the figures
DEVICES = 7
DAY = 86_400_000_000  # µs


def event(offset, size=200, at=None):
    at = time.time_ns() // 1000 if at is None else at
    data = '{"text":"' + "x" * size + '"}'
    return LoggedEvent(offset, at, None, None, "reading", f"device{offset % DEVICES}", data)


class Feed(threading.Thread):
    """Delivers events without end, as a forwarder does; `confirmed` counts what is owned."""

    def __init__(self, url, trusted=lambda: True, **options):
        super().__init__(name="feed")
        plan = SinkPlan("bus", (url,), KafkaOptions(**options))
        self._halt, self._stopping = threading.Event(), threading.Event()
        self.notices, self.errors = [], []
        context = SinkContext.apart("greenhouse", "c0ffee", self._stopping.is_set)._replace(
            notice=self.notices.append,
            trusted=trusted,
        )
        self._sink = load_sink_type("kafka").build(plan, context)
        self.confirmed = 0
        self.age = 0  # µs, of the events

    def run(self):
        self._sink.open()
        while not self._halt.is_set():
            self.step()
            self._halt.wait(0.01)
        self._stopping.set()
        self._sink.close()

    def step(self):
        begin = self.confirmed + 1
        at = time.time_ns() // 1000 - self.age
        try:
            self.confirmed += self._sink.deliver([event(begin + n, at=at) for n in range(200)])
        except EventRejected as error:
            raise AssertionError(f"refused: {error}") from error
        except SinkUnavailable as error:
            self.errors.append(str(error))
            self._halt.wait(0.2)

    def halt(self):
        self._halt.set()
        self.join(60)
        assert not self.is_alive()


@pytest.fixture
def feed():
    feeds = []

    def make(*arguments, **more):
        feeds.append(Feed(*arguments, **more))
        feeds[-1].start()
        return feeds[-1]

    yield make
    for one in feeds:
        with suppress(AssertionError):
            one.halt()


def complete(feed, kafka, topic):
    """Halt a feed, and hold what the topic has against what was confirmed."""
    feed.halt()
    found = stored(kafka, topic)
    arrived = {one.offset for one in found}
    lost = [offset for offset in range(1, feed.confirmed + 1) if offset not in arrived]
    _logger.info(
        "%s: confirmed %d, stored %d, lost %d, twice %d; %s",
        topic,
        feed.confirmed,
        len(found),
        len(lost),
        len(found) - len(arrived),
        sorted(set(feed.errors)),
    )
    assert lost == []
    assert in_order(found)
    return found


def more(feed, count=1000):
    goal = feed.confirmed + count
    eventually(lambda: feed.confirmed >= goal, 120)


def test_a_server_that_is_killed_in_the_middle_of_a_window_loses_nothing(kafka, feed):
    kafka.create("killed", 3)
    one = feed(f"{kafka.url}/killed")
    for _ in range(3):
        more(one)
        kafka.kill()
        kafka.start()
    more(one)
    complete(one, kafka, "killed")


def test_a_server_that_is_silent_for_a_while_gets_no_event_twice(kafka, feed):
    kafka.create("silent", 1)
    one = feed(f"{kafka.url}/silent")
    more(one)
    kafka.pause()
    eventually(lambda: one.errors)
    kafka.resume()
    more(one)
    found = complete(one, kafka, "silent")
    assert len(found) == len(first_arrivals(found))


def test_a_topic_that_is_deleted_and_created_again_gets_the_rest(kafka, feed):
    kafka.create("short", 1)
    one = feed(f"{kafka.url}/short")
    more(one)
    kafka.delete("short")
    eventually(lambda: any("no topic short" in error for error in one.errors), 180)
    kafka.create("short", 1)
    before = one.confirmed
    more(one, 1000)
    one.halt()
    arrived = {found.offset for found in stored(kafka, "short")}
    assert set(range(before + 1, one.confirmed + 1)) <= arrived


def test_records_have_the_time_of_sending_and_survive_the_retention(kafka, feed):
    kafka.create("retention", retention_ms=3_600_000, segment_ms=1000)
    one = feed(f"{kafka.url}/retention")
    one.age = 8 * DAY
    more(one)
    found = complete(one, kafka, "retention")
    now = time.time() * 1000
    assert all(abs(now - each.time) < 600_000 for each in found)


def test_the_same_records_with_the_time_of_their_events_vanish_after_they_were_confirmed(kafka):
    kafka.create("vanished", retention_ms=3_600_000, segment_ms=1000)
    errors = []
    producer = Producer({"bootstrap.servers": kafka.servers, "acks": "all", "log_level": 0})
    old = int(time.time() * 1000) - 8 * DAY // 1000
    for _ in range(50):
        producer.produce("vanished", b"x", timestamp=old, on_delivery=lambda e, _: errors.append(e))
    producer.flush(60)
    assert errors == [None] * 50
    eventually(lambda: records(kafka, "vanished") == [], 120)


def test_nothing_is_sent_until_the_clock_is_right(kafka, feed):
    kafka.create("waiting")
    clock = threading.Event()
    one = feed(f"{kafka.url}/waiting", trusted=clock.is_set)
    eventually(lambda: one.errors)
    assert stored(kafka, "waiting") == []
    assert "waits for the clock" in one.notices[0]
    clock.set()
    more(one)
    assert one.notices[-1] == ""
    complete(one, kafka, "waiting")


def test_a_topic_that_dates_its_records_itself_gets_events_before_the_clock_is_right(kafka, feed):
    kafka.create("own", message_timestamp_type="LogAppendTime")
    one = feed(f"{kafka.url}/own", trusted=lambda: False)
    more(one)
    complete(one, kafka, "own")
    assert one.notices == []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    servers = Kafka(tmp_path_factory.mktemp("cluster"), nodes=3).start()
    yield servers
    servers.stop()


def test_a_leader_that_is_killed_loses_nothing(cluster, feed):
    cluster.create("led")
    one = feed(f"{cluster.url}/led")
    more(one)
    leader = cluster.leader("led")
    cluster.kill(leader)
    more(one)
    cluster.start(leader)
    complete(one, cluster, "led")


def test_nothing_is_confirmed_while_the_majority_of_the_replicas_is_gone(cluster, feed):
    cluster.create("majority")
    one = feed(f"{cluster.url}/majority")
    more(one)
    leader = cluster.leader("majority")
    others = [node for node in range(3) if node != leader]
    for node in others:
        cluster.kill(node)
    eventually(lambda: any("too few replicas" in error for error in one.errors), 180)
    before, seen = one.confirmed, len(one.errors)
    eventually(lambda: len(one.errors) >= seen + 2, 180)
    assert one.confirmed == before
    cluster.start(*others)
    more(one)
    complete(one, cluster, "majority")
