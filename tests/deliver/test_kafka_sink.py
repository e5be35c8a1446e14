"""The sink's decisions, with a producer that answers as the test says."""

import json

import pytest

from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.address import Server
from edge_agent.deliver.kafka.library import KafkaLibrary, TopicFacts
from edge_agent.deliver.kafka.obstacle import ProducerFailed, obstacle
from edge_agent.deliver.kafka.record import encoder
from edge_agent.deliver.kafka.sink import ENOUGH, MOST, PATIENCE, WAIT_SECONDS, KafkaSink
from edge_agent.deliver.kafka.target import KafkaTarget
from edge_agent.deliver.sink import About, SinkContext
from edge_agent.errors import AgentError, EventRejected, SinkUnavailable, UnfitEvent

TARGET = KafkaTarget((Server("a", 9092),), "events")


class Cluster:
    """A cluster and its client library in one: it answers by offset.

    `answers` maps an offset to an error's name; None keeps the event on its way, and an exception
    is raised. All others are stored.
    """

    def __init__(self):
        self.facts = TopicFacts()
        self.answers = {}
        self.unreachable = None
        self.stored, self.producers, self.looks, self.times = [], [], 0, 0.0
        self.room = 10_000

    def look(self, _target, going, _closely):
        self.looks += 1
        going()
        if self.unreachable:
            raise self.unreachable
        return self.facts

    def connect(self, _target, largest, careful):
        self.producers.append(ScriptedProducer(self, largest, careful))
        return self.producers[-1]


class ScriptedProducer:
    slowed = 0.0

    def __init__(self, cluster, largest, careful):
        self.cluster, self.largest, self.careful = cluster, largest, careful
        self.queue, self.sent, self.closed = [], [], False

    def send(self, offset, key, record):
        assert not self.closed
        if len(self.queue) >= self.cluster.room:
            return False
        if len(record.value) > self.largest:
            raise ProducerFailed("MSG_SIZE_TOO_LARGE", "too large")
        self.sent.append((offset, key, record))
        self.queue.append(offset)
        return True

    def outcomes(self, seconds):
        self.cluster.times += seconds
        found = {}
        for offset in list(self.queue):
            answer = self.cluster.answers.get(offset, "")
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                break  # what follows waits as well
            self.queue.remove(offset)
            found[offset] = answer
            if answer:
                break
            self.cluster.stored.append(offset)
        return found

    def close(self):
        self.closed = True
        return {}


class Agent:
    def __init__(self):
        self.trusted, self.stopping, self.notices, self.alive = True, False, [], 0

    def context(self):
        return SinkContext(
            "greenhouse",
            "c0ffee",
            About(b"{}"),
            alive=self._alive,
            died=lambda _: None,
            retry=lambda: None,
            stopping=lambda: self.stopping,
            requested=lambda _: None,
            notice=self.notices.append,
            trusted=lambda: self.trusted,
        )

    def _alive(self, _name):
        self.alive += 1


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def agent():
    return Agent()


@pytest.fixture
def sink(cluster, agent):
    library = KafkaLibrary(cluster.look, cluster.connect)
    encode = encoder("structured", Envelope("greenhouse", "c0ffee"))
    made = KafkaSink(
        "bus", agent.context(), TARGET, encode, library, monotonic=lambda: cluster.times
    )
    made.open()
    yield made
    made.close()


def test_a_batch_is_owned_when_all_of_it_is_confirmed(sink, cluster, events):
    assert sink.deliver(events(100)) == 100
    assert cluster.stored == list(range(1, 101))


def test_the_key_is_node_and_device(sink, cluster, events):
    sink.deliver(events(1))
    assert cluster.producers[0].sent[0][1] == "greenhouse/air"


def test_only_leading_confirmed_events_count(sink, cluster, events):
    cluster.answers[3] = None
    assert sink.deliver(events(5)) == 2


def test_what_is_still_on_its_way_is_not_sent_again(sink, cluster, events):
    cluster.answers[1] = None
    with pytest.raises(SinkUnavailable, match="no confirmation within 5 s"):
        sink.deliver(events(3))
    del cluster.answers[1]
    assert sink.deliver(events(4)) == 4
    assert cluster.stored == [1, 2, 3, 4]
    assert len(cluster.producers) == 1


def test_a_cluster_that_slows_the_agent_down_is_named(sink, cluster, events):
    sink.deliver(events(1))
    cluster.producers[0].slowed = 12.34
    cluster.answers[2] = None
    with pytest.raises(SinkUnavailable, match=r"slows this user down, by 12\.3 s.*quota"):
        sink.deliver(events(2)[1:])


def test_a_full_batch_is_left_when_its_first_events_are_confirmed(sink, cluster, events):
    cluster.answers[ENOUGH + 1] = None
    assert sink.deliver(events(MOST)) == ENOUGH
    assert cluster.times == WAIT_SECONDS, "it does not wait for the rest"
    del cluster.answers[ENOUGH + 1]
    assert sink.deliver(events(MOST, first=ENOUGH + 1)) == MOST
    assert cluster.stored == list(range(1, MOST + ENOUGH + 1))
    assert len(cluster.producers) == 1


def test_what_fails_between_two_deliveries_is_found_by_the_later_one(sink, cluster, events):
    cluster.answers[ENOUGH + 1] = None
    sink.deliver(events(MOST))
    cluster.answers[ENOUGH + 1] = "INVALID_RECORD"
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(MOST, first=ENOUGH + 1))
    assert caught.value.refused.keys() == {ENOUGH + 1}
    assert cluster.stored == list(range(1, ENOUGH + 1))


def test_a_batch_that_nothing_follows_is_waited_for(sink, cluster, events):
    cluster.answers[ENOUGH + 1] = None
    assert sink.deliver(events(MOST - 1)) == ENOUGH
    assert cluster.times >= PATIENCE


def test_what_waits_for_more_than_a_minute_is_sent_again_with_a_new_time(sink, cluster, events):
    cluster.answers[1] = None
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(2))
    cluster.times += 61
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(2))
    assert cluster.producers[0].closed
    del cluster.answers[1]
    assert sink.deliver(events(2)) == 2
    assert [offset for offset, *_ in cluster.producers[1].sent] == [1, 2]


def test_a_slow_cluster_gets_fewer_events_at_a_time(sink, cluster, events):
    cluster.answers[1] = None
    for _ in range(2):
        with pytest.raises(SinkUnavailable):
            sink.deliver(events(1000))
        cluster.times += 61
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(1000))
    assert [len(one.sent) for one in cluster.producers] == [1000, 500]


def test_nothing_is_sent_before_the_clock_is_trusted(sink, cluster, agent, events):
    agent.trusted = False
    with pytest.raises(SinkUnavailable, match="waits for the clock"):
        sink.deliver(events(3))
    assert cluster.producers == []
    assert "LogAppendTime" in agent.notices[0]
    agent.trusted = True
    assert sink.deliver(events(3)) == 3
    assert agent.notices[1:] == [""]


def test_a_topic_with_its_own_time_needs_no_trusted_clock(sink, cluster, agent, events):
    agent.trusted, cluster.facts = False, TopicFacts(appends=True)
    assert sink.deliver(events(3)) == 3
    assert agent.notices == []


def test_a_topic_that_gets_its_own_time_meanwhile_ends_the_wait(sink, cluster, agent, events):
    agent.trusted = False
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(1))
    cluster.facts = TopicFacts(appends=True)
    assert sink.deliver(events(1)) == 1


def test_an_event_that_is_too_large_is_refused_with_the_limit(sink, cluster, events):
    cluster.facts = TopicFacts(largest=5_000)
    batch = events(3)
    batch[1] = batch[1]._replace(data=json.dumps("x" * 6_000))
    with pytest.raises(EventRejected) as caught:
        sink.deliver(batch)
    assert caught.value.settled == 2
    assert caught.value.refused == {2: "larger than the topic takes: 5000 bytes"}
    assert cluster.stored == [1]


def test_a_limit_that_was_raised_meanwhile_is_found_before_an_event_is_refused(
    sink, cluster, events
):
    cluster.facts = TopicFacts(largest=5_000)
    sink.deliver(events(1))
    cluster.facts = TopicFacts(largest=50_000)
    assert sink.deliver(events(1, first=2, data=json.dumps("x" * 6_000))) == 1


@pytest.mark.parametrize("name", ["MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD"])
def test_what_the_cluster_refuses_in_a_batch_is_found_one_at_a_time(sink, cluster, events, name):
    cluster.answers[2] = name
    assert sink.deliver(events(4)) == 1
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(3, first=2))
    assert caught.value.refused.keys() == {2}
    del cluster.answers[2]
    assert sink.deliver(events(2, first=3)) >= 1
    assert [one.careful for one in cluster.producers][:2] == [False, True]
    assert all(one.closed for one in cluster.producers[:1])


def test_after_a_failure_events_go_one_at_a_time_until_those_behind_it_have_passed(
    sink, cluster, events
):
    cluster.answers[3] = ProducerFailed("_FATAL", "the producer has failed")
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(1, first=3))
    del cluster.answers[3]
    assert sink.deliver(events(6, first=3)) == 1
    assert sink.deliver(events(5, first=4)) == 5
    assert [one.careful for one in cluster.producers] == [False, True, True, False]
    assert cluster.stored == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("TOPIC_AUTHORIZATION_FAILED", "no right to write to topic events"),
        ("UNKNOWN_TOPIC_OR_PART", "the cluster has no topic events"),
        ("_UNKNOWN_TOPIC", "the cluster has no topic events"),
        ("CLUSTER_AUTHORIZATION_FAILED", "IDEMPOTENT_WRITE"),
        ("NOT_ENOUGH_REPLICAS", "too few replicas"),
        ("INVALID_TIMESTAMP", "clocks is wrong"),
        ("SOMETHING_NEW", "SOMETHING_NEW"),
    ],
)
def test_what_does_not_concern_the_event_keeps_it_and_says_why(sink, cluster, events, name, what):
    cluster.answers[1] = name
    with pytest.raises(SinkUnavailable, match=what):
        sink.deliver(events(3))
    del cluster.answers[1]
    assert sink.deliver(events(3)) >= 1


def test_an_event_that_does_not_fit_its_schema_is_refused_with_the_reason(cluster, agent, events):
    json_encoder = encoder("structured", Envelope("greenhouse", "c0ffee"))

    def encode(event):
        if event.offset == 2:
            raise UnfitEvent("it has no value")
        return json_encoder(event)

    library = KafkaLibrary(cluster.look, cluster.connect)
    sink = KafkaSink("bus", agent.context(), TARGET, encode, library)
    with pytest.raises(EventRejected) as caught:
        sink.deliver(events(3))
    assert caught.value.settled == 2
    assert caught.value.refused == {2: "it has no value"}
    assert cluster.stored == [1]
    sink.close()


def test_schemas_are_registered_before_anything_is_sent(cluster, agent, events):
    def prepare():
        raise SinkUnavailable("the registry is away")

    library = KafkaLibrary(cluster.look, cluster.connect)
    encode = encoder("structured", Envelope("greenhouse", "c0ffee"))
    sink = KafkaSink("bus", agent.context(), TARGET, encode, library, prepare=prepare)
    with pytest.raises(SinkUnavailable, match="the registry is away"):
        sink.open()
    assert cluster.producers == []


def test_a_gap_event_is_never_refused(sink, cluster, events):
    cluster.answers[1] = "INVALID_RECORD"
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(1, kind="gap"))


def test_nothing_behind_a_failed_event_is_sent_until_it_is_settled(sink, cluster, events):
    cluster.answers[2] = "TOPIC_AUTHORIZATION_FAILED"
    sink.deliver(events(5))
    assert cluster.stored == [1]
    assert cluster.producers[0].closed


def test_a_delivery_that_is_overdue_says_what_a_look_at_the_cluster_finds(sink, cluster, events):
    sink.deliver(events(1))
    cluster.answers[2] = None
    cluster.unreachable = obstacle("LEADER_NOT_AVAILABLE", "events")
    with pytest.raises(SinkUnavailable, match="has no leader"):
        sink.deliver(events(1, first=2))


def test_a_password_that_cannot_be_read_now_keeps_the_events(sink, cluster, events):
    cluster.unreachable = AgentError("Permission denied", "give a readable text file")
    with pytest.raises(SinkUnavailable, match="Permission denied"):
        sink.deliver(events(1))


def test_a_full_buffer_ends_a_batch_early(sink, cluster, events):
    cluster.room = 10
    assert sink.deliver(events(30)) == 10
    assert sink.deliver(events(20, first=11)) == 10


def test_a_stop_ends_a_delivery_within_two_seconds(sink, cluster, agent, events):
    cluster.answers[1] = None
    agent.stopping = True
    with pytest.raises(SinkUnavailable, match="the agent stops"):
        sink.deliver(events(1))
    assert cluster.times < 2


def test_a_long_wait_reports_life(sink, cluster, agent, events):
    cluster.answers[1] = None
    with pytest.raises(SinkUnavailable):
        sink.deliver(events(1))
    assert agent.alive >= 5
