"""What goes wrong between the sinks and two emulators of AWS, and what is said of it."""

import json
import threading

import pytest
from lab.waiting import eventually

from edge_agent.deliver.aws.message import LARGEST
from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.aws.type import SINK
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import build_sink, deliver_all, logged, until_delivered
from tests.buses.readers.queue_reader import QueueReader
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import REGION, Moto

RAW = {"RawMessageDelivery": "true"}


@pytest.fixture
def server(tmp_path):
    """A function: start a server; it ends with the test."""
    servers = []

    def start(made):
        servers.append(made)
        return made.start()

    yield start
    for each in servers:
        each.kill()


@pytest.fixture
def sink():
    """A function: make a sink of a URL, with the keys of a file."""
    stopping, sinks = threading.Event(), []

    def make(url, credentials, **options):
        sinks.append(build_sink(plan(url, credentials, **options), stopping))
        return sinks[-1]

    yield make
    stopping.set()
    for each in sinks:
        each.close()


@pytest.fixture
def reader(tmp_path):
    """A function: read a queue of a server from now on."""
    readers = []

    def read(server, queue):
        readers.append(QueueReader(server, queue, tmp_path / f"{queue}.log"))
        return readers[-1]

    yield read
    for each in readers:
        each.close()


def plan(url, credentials, **options):
    keys = {"region": REGION, **options}
    return SinkPlan("cloud", (url,), AwsOptions(credentials_file=str(credentials), **keys))


def events(numbers, kind="reading"):
    return [logged(kind, n, {"values": {"n": n}}) for n in numbers]


def of_one_device(numbers):
    return [event._replace(source="air") for event in events(numbers)]


def why(sink, batch):
    with pytest.raises(SinkUnavailable) as caught:
        sink.deliver(batch)
    return str(caught.value)


def reached(url, credentials):
    return [each.what for each in SINK.reach(plan(url, credentials), "greenhouse")]


@pytest.fixture
def keys(tmp_path):
    """A function: write a file of credentials like another one, with some words replaced."""

    def write(credentials, old, new):
        file = tmp_path / "other-credentials"
        file.write_text(credentials.read_text().replace(old, new))
        file.chmod(0o600)
        return file

    return write


def key_of(credentials, name):
    section = credentials.read_text().split("[default]")[1].split("[")[0]
    return section.split(f"{name} = ")[1].splitlines()[0]


# Who may, and what exists: moto checks signatures and policies.


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    alerts = {"FilterPolicy": json.dumps({"type": ["edge.alert.v1"]}), **RAW}
    topics = {
        "all": {"every": RAW, "alerts": alerts, "wrapped": {}},
        "all.fifo": {"every.fifo": RAW},
    }
    queues = ["events", "every", "alerts", "wrapped", "every.fifo"]
    server = Moto(tmp_path_factory.mktemp("moto"), queues, topics).start()
    yield server
    server.kill()


def test_a_wrong_secret_is_named_and_the_right_one_delivers_at_the_next_try(
    moto, sink, keys, reader
):
    secret = key_of(moto.credentials, "aws_secret_access_key")
    wrong = keys(moto.credentials, secret, "wrong")
    url = f"sqs+{moto.queue('events')}"
    assert "secret access key does not belong" in reached(url, wrong)[0]
    one = sink(url, wrong)
    assert "secret access key does not belong" in why(one, events([1]))
    wrong.write_text(moto.credentials.read_text())
    assert until_delivered(one, events([1])) == 1
    sqs = reader(moto, "events")
    eventually(lambda: [got.offset for got in sqs.got] == [1])


def test_an_unknown_key_is_named(moto, sink, keys):
    unknown = keys(moto.credentials, key_of(moto.credentials, "aws_access_key_id"), "AKIAUNKNOWN")
    url = f"sqs+{moto.queue('events')}"
    assert "does not know the access key" in why(sink(url, unknown), events([1]))
    assert "does not know the access key" in reached(url, unknown)[0]


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (lambda moto: f"sqs+{moto.queue('none')}", "there is no queue"),
        (lambda moto: f"sns+{moto.topic('none')}", "there is no topic"),
    ],
)
def test_a_missing_queue_or_topic_is_named(moto, sink, url, what):
    assert what in why(sink(url(moto), moto.credentials), events([1]))
    assert what in reached(url(moto), moto.credentials)[0]


@pytest.mark.parametrize(
    ("url", "right"),
    [
        (lambda moto: f"sqs+{moto.queue('events')}", "sqs:SendMessage"),
        (lambda moto: f"sns+{moto.topic('all')}", "sns:Publish"),
    ],
)
def test_a_key_without_the_right_to_send_is_named(server, tmp_path, sink, url, right):
    reads = ("sqs:GetQueueAttributes", "sns:GetTopicAttributes")
    one = server(Moto(tmp_path, ["events"], {"all": {"events": RAW}}, actions=reads))
    assert f"do not allow {right} on" in why(sink(url(one), one.credentials), events([1]))
    assert f"do not allow {right} on" in reached(url(one), one.credentials)[0]


def test_the_doctor_finds_nothing_where_all_is_right_and_sends_nothing(moto, reader):
    assert reached(f"sqs+{moto.queue('every')}", moto.credentials) == []
    assert reached(f"sns+{moto.topic('all')}", moto.credentials) == []
    sqs = reader(moto, "every")
    eventually(lambda: sqs.looks > 1)
    assert sqs.messages == []


# What a topic passes on.


def test_a_topic_passes_on_to_each_queue_what_its_filter_lets_through(moto, sink, reader):
    one = sink(f"sns+{moto.topic('all')}", moto.credentials)
    deliver_all(one, [*events([1, 2]), *events([3], kind="alert"), *events([4])])
    every, alerts = reader(moto, "every"), reader(moto, "alerts")
    eventually(lambda: {got.offset for got in every.got} == {1, 2, 3, 4})
    eventually(lambda: [got.offset for got in alerts.got] == [3])
    wrapped = reader(moto, "wrapped")
    eventually(lambda: len(wrapped.messages) == 4)
    inner = [json.loads(json.loads(each["Body"])["Message"]) for each in wrapped.messages]
    assert sorted(each["id"] for each in inner) == [f"c0ffee:{n}" for n in (1, 2, 3, 4)]


def test_a_fifo_topic_keeps_the_order_of_a_device_and_drops_what_repeats(moto, sink, reader):
    one = sink(f"sns+{moto.topic('all.fifo')}", moto.credentials)
    for _ in range(2):
        deliver_all(one, of_one_device(range(1, 31)))
    deliver_all(one, of_one_device([31]))
    sqs = reader(moto, "every.fifo")
    eventually(lambda: 31 in {got.offset for got in sqs.got})
    assert [got.offset for got in sqs.got] == list(range(1, 32))


# Strict limits: ElasticMQ.


@pytest.fixture(scope="module")
def elasticmq(tmp_path_factory):
    server = ElasticMq(tmp_path_factory.mktemp("elasticmq"), ["events", "events.fifo"]).start()
    yield server
    server.kill()


def test_a_fifo_queue_keeps_the_order_of_a_device_and_drops_what_repeats(elasticmq, sink, reader):
    one = sink(f"sqs+{elasticmq.queue('events.fifo')}", elasticmq.credentials)
    for _ in range(2):
        deliver_all(one, of_one_device(range(1, 101)))
    deliver_all(one, of_one_device([101]))
    sqs = reader(elasticmq, "events.fifo")
    eventually(lambda: 101 in {got.offset for got in sqs.got})
    assert [got.offset for got in sqs.got] == list(range(1, 102))
    first = sqs.messages[0]["Attributes"]
    assert first["MessageGroupId"] == "greenhouse/air"
    assert first["MessageDeduplicationId"] == "c0ffee:1"


def test_strict_limits_take_requests_that_are_as_full_as_ours(elasticmq, sink, reader):
    one = sink(f"sqs+{elasticmq.queue('events')}", elasticmq.credentials)
    texts = [{"text": "\ufffe\uffff 漢字 😀 \t"}, *({"text": "x" * 80_000} for _ in range(9))]
    largest = {"text": "x" * (LARGEST - 600)}
    batch = [logged("reading", n, data) for n, data in enumerate([*texts, largest], 1)]
    assert deliver_all(one, batch) == {}
    sqs = reader(elasticmq, "events")
    eventually(lambda: len(sqs.got) == 11)
    assert {got.offset: got.data for got in sqs.got} == dict(enumerate([*texts, largest], 1))


def test_a_queue_that_is_missing_in_elasticmq_is_named(elasticmq, sink):
    url = f"sqs+{elasticmq.queue('none')}"
    assert "there is no queue" in why(sink(url, elasticmq.credentials), events([1]))
    assert "there is no queue" in reached(url, elasticmq.credentials)[0]
