"""What the Kafka source claims beyond the contract of every source, with a real Kafka."""

import json
import signal
import subprocess
import sys
import threading

import pytest
from confluent_kafka import TopicPartition

from consumers.source import SourcePlan, SourceUnavailable
from consumers.sources.catalog import source_of
from edge_agent.deliver.kafka.options import KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing.destination import NODE, build_sink, deliver_all, logged
from edge_agent.testing.origin import event, message, messages
from edge_agent.testing.reader import Reader, until
from tests.buses.kafka_origin import PARTITIONS, KafkaOrigin, produce
from tests.buses.servers.apicurio import Apicurio
from tests.buses.servers.kafka import CONNECTION_STRING, GUEST, PASSWORD, USER


@pytest.fixture
def origin(kafka, tmp_path):
    return KafkaOrigin(kafka, tmp_path.name)


@pytest.fixture
def opened():
    """A function: open a source; it is closed at the end."""
    sources = []

    def open_(plan):
        sources.append(source_of(plan))
        sources[-1].open()
        return Reader(sources[-1])

    yield open_
    for source in sources:
        source.close()


def plan(origin, **more):
    return SourcePlan(**{"url": f"{origin.kafka.url}/{origin.topic}", **more})


def test_a_new_group_begins_with_what_comes_after_it_was_opened(origin, opened):
    origin.publish(messages(range(1, 11)))
    reader = opened(plan(origin, group=origin.topic))
    origin.publish(messages(range(11, 21)))
    assert reader.read([f"c0ffee:{n}" for n in range(11, 21)]).ids[0] == "c0ffee:11"


def test_a_group_that_was_killed_before_it_got_anything_goes_on_where_it_began(origin, opened):
    origin.publish(messages(range(1, 11)))
    opened(plan(origin, group=origin.topic)).source.close()
    origin.publish(messages([11]))
    again = opened(plan(origin, group=origin.topic))
    assert again.read(["c0ffee:11"]).ids == ["c0ffee:11"]


def test_without_a_group_all_that_is_new_arrives_and_no_right_on_a_group_is_needed(
    kafka, origin, opened, secret
):
    kafka.allow(GUEST, origin.topic, "READ", "DESCRIBE")
    origin.publish(messages([1]))
    reader = opened(guest(origin, secret))
    origin.publish(messages(range(2, 12)))
    assert reader.read([f"c0ffee:{n}" for n in range(2, 12)]).ids[0] == "c0ffee:2"


def test_what_a_topic_has_deleted_counts_as_an_interruption_and_the_rest_arrives(origin, opened):
    reader = opened(plan(origin, group=origin.topic, start="beginning"))
    origin.publish(messages(range(1, 11)))
    reader.consume([f"c0ffee:{n}" for n in range(1, 11)])
    reader.source.close()
    origin.publish(messages(range(11, 21)))
    every = [TopicPartition(origin.topic, n, -1) for n in range(PARTITIONS)]
    admin = origin.kafka.admin()
    for deleted in admin.delete_records(every).values():
        deleted.result(60)
    origin.publish(messages([21]))
    again = opened(plan(origin, group=origin.topic))
    assert again.read(["c0ffee:21"]).ids == ["c0ffee:21"]
    assert again.source.interruptions == 1


def test_a_member_that_is_taken_over_says_so(origin, opened):
    first, second = (opened(plan(origin, group=origin.topic, member="one")) for _ in range(2))
    with pytest.raises(SourceUnavailable, match="another consumer has become member one"):
        for _ in range(300):
            second.step()
            first.step()


HOLDS = """
import sys
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
url, group = sys.argv[1:]
source = source_of(SourcePlan(url=url, group=group, member="victim", start="beginning"))
source.open()
while True:
    for delivery in source.receive(0.2):
        print(delivery.id, flush=True)
"""


def test_what_a_killed_member_held_arrives_at_the_other_one_after_the_session_timeout(
    origin, opened
):
    origin.publish([message(n, f"log{k}", f"node{k}") for n in range(1, 4) for k in range(20)])
    command = [sys.executable, "-c", HOLDS, f"{origin.kafka.url}/{origin.topic}", origin.topic]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    other = opened(plan(origin, group=origin.topic, member="other"))
    other.consume({f"log{k}:{n}" for n in range(1, 4) for k in range(20)})


def test_what_a_revoked_partition_held_is_committed_no_more(origin, opened):
    first = opened(plan(origin, group=origin.topic, member="one", start="beginning"))
    everything = {f"log{k}:{n}" for n in range(1, 4) for k in range(20)}
    origin.publish([message(n, f"log{k}", f"node{k}") for n in range(1, 4) for k in range(20)])
    first.read(everything)
    second = opened(plan(origin, group=origin.topic, member="two"))
    until(lambda: second.got.ids, lambda: (first.step(), second.step()))
    first.acknowledge()  # of what is not its own any more, too
    first.source.close()
    held = set(second.got.ids)
    second.source.close()
    again = opened(plan(origin, group=origin.topic, member="two"))
    assert held <= set(again.read(held).ids)


def guest(origin, secret, **more):
    url = f"{origin.kafka.sasl_url}/{origin.topic}?mechanism=PLAIN"
    login = {"username": GUEST, "password_file": secret(PASSWORD), "ca": str(origin.kafka.ca)}
    return SourcePlan(**{"url": url, **login, **more})


REASONS = {
    "a wrong password": ({"password": "wrong"}, "the login failed"),
    "a CA that has not signed": ({"ca": "", "query": "tls=true"}, "the certificate of"),
    "no TLS": ({"ca": "", "username": "", "password": ""}, "speaks TLS"),
    "no such topic": ({"topic": "missing"}, "has no topic missing"),
    "no right on the topic": ({"username": GUEST}, "no right to read topic"),
}


@pytest.mark.parametrize("case", REASONS)
def test_each_reason_is_found_and_said(origin, secret, case):
    broken, words = REASONS[case]
    query = broken.get("query", "tls=true" if broken.get("ca", "x") else "")
    password = broken.get("password", PASSWORD)
    mechanism = "&mechanism=PLAIN" if query else ""
    found = SourcePlan(
        url=f"{origin.kafka.sasl_url}/{broken.get('topic', origin.topic)}?{query}{mechanism}",
        username=broken.get("username", USER),
        password_file=password and secret(password),
        ca=broken.get("ca", str(origin.kafka.ca)),
    )
    with pytest.raises(SourceUnavailable, match=words):
        source_of(found).open()


def test_a_user_without_a_right_on_the_group_reads_so(kafka, origin, secret):
    kafka.allow(GUEST, origin.topic, "READ", "DESCRIBE")
    with pytest.raises(SourceUnavailable, match="no right to read as group mine"):
        source_of(guest(origin, secret, group="mine")).open()


def test_event_hubs_logs_in_with_a_connection_string(origin, opened, secret):
    url = f"eventhubs://localhost:{origin.kafka.ports[0].sasl}/{origin.topic}"
    file = secret(CONNECTION_STRING)
    reader = opened(
        SourcePlan(
            url=url, group="g", start="beginning", password_file=file, ca=str(origin.kafka.ca)
        )
    )
    origin.publish(messages([1]))
    assert reader.read(["c0ffee:1"]).ids == ["c0ffee:1"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    server = Apicurio(tmp_path_factory.mktemp("apicurio")).start()
    yield server
    server.stop()


EVENTS = [
    logged("reading", 1, {"values": {"n": 1.5}, "quality": "good"}),
    logged("output", 2, {"value": 1, "by": "safe"}),
    logged("gap", 3, {"reason": "max_size", "count": 2, "ranges": [[1, 2]]}),
]


def deliver(origin, options):
    """Deliver events as the sink of an agent does."""
    sink = build_sink(
        SinkPlan("bus", (f"{origin.kafka.url}/{origin.topic}",), options), threading.Event()
    )
    sink.open()
    deliver_all(sink, EVENTS)
    sink.close()


@pytest.mark.parametrize(
    "options",
    [{}, {"content": "binary"}, {"format": "avro"}, {"format": "avro", "content": "binary"}],
)
def test_what_the_sink_sends_arrives_in_every_encoding(origin, opened, options):
    deliver(origin, KafkaOptions(**options))
    reader = opened(plan(origin, start="beginning"))
    reader.read([f"c0ffee:{n}" for n in (1, 2, 3)])
    assert reader.got.reasons == []


def registered(registry, subject="topic"):
    return KafkaOptions(format="avro", registry=registry.url, subject=subject)


@pytest.mark.parametrize("subject", ["topic", "record"])
def test_what_the_sink_sends_with_the_ids_of_a_registry_arrives(origin, opened, registry, subject):
    deliver(origin, registered(registry, subject))
    url = f"{origin.kafka.url}/{origin.topic}?registry={registry.url}"
    reader = opened(SourcePlan(url=url, start="beginning"))
    reader.read([f"c0ffee:{n}" for n in (1, 2, 3)])
    assert reader.got.reasons == []


def test_while_the_registry_is_away_its_events_wait(origin, opened, registry):
    registry.kill()
    registry.start()  # empty: the same schema gets the same id below
    deliver(origin, registered(registry))
    url = f"{origin.kafka.url}/{origin.topic}?registry={registry.url}"
    reader = opened(SourcePlan(url=url, group=origin.topic, start="beginning"))
    registry.kill()
    for _ in range(10):
        assert list(reader.step()) == []
    registry.start()
    deliver(origin, registered(registry))
    reader.read([f"c0ffee:{n}" for n in (1, 2, 3)])
    assert reader.got.reasons == []


def test_tombstones_and_foreign_records_are_dead_letters(kafka, origin, opened):
    reader = opened(plan(origin, start="beginning"))
    produce(kafka, origin.topic, [(NODE, None), (NODE, b"\0\0\0\0\7x")])
    produce(
        kafka, origin.topic, [(NODE, b"\0\0\0\0\7x")], headers={"content-type": "application/avro"}
    )
    produce(kafka, origin.topic, [(NODE, json.dumps(event(1)).encode())])
    got = reader.read(["c0ffee:1"], dead=3)
    assert got.reasons == [
        "a record without a value",
        "not JSON",
        "its Avro schema is in a registry, and none is given",
    ]
