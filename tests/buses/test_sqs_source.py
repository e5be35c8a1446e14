"""What the SQS source claims beyond the contract of every source, with two emulators of AWS."""

import json
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from consumers.source import SourceUnavailable
from consumers.sources.catalog import source_of
from edge_agent.testing.origin import event, ids, message, messages
from edge_agent.testing.reader import Reader, until
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import ACCOUNT, REGION, Moto
from tests.buses.sqs_origin import RECEIVING, SqsOrigin, client


@pytest.fixture
def moto(tmp_path):
    """A function: start a moto whose reader has some rights; it ends with the test."""
    servers = []

    def start(actions=RECEIVING):
        servers.append(Moto(tmp_path, actions=actions).start())
        return servers[-1]

    yield start
    for each in servers:
        each.kill()


@pytest.fixture(scope="module")
def elasticmq(tmp_path_factory):
    server = ElasticMq(tmp_path_factory.mktemp("elasticmq"), []).start()
    yield server
    server.kill()


@pytest.fixture
def origin():
    """A function: make a queue on a server; its link ends with the test."""
    origins = []

    def make(server, **kind):
        origins.append(SqsOrigin(server, **kind))
        return origins[-1]

    yield make
    for each in origins:
        each.close()


def opened(origin):
    source = source_of(origin.plan("group"))
    source.open()
    return closing(source)


@pytest.mark.parametrize("missing", RECEIVING)
def test_a_right_that_is_missing_is_named(moto, origin, missing):
    queue = origin(moto([one for one in RECEIVING if one != missing]))
    with pytest.raises(SourceUnavailable, match=f"do not allow {missing.rstrip('*')} on http"):
        source_of(queue.plan("group")).open()


def test_a_wrong_secret_is_named(moto, origin):
    queue = origin(moto())
    file = queue.server.credentials
    secret = "aws_secret_access_key = "
    lines = [
        f"{secret}wrong" if line.startswith(secret) else line
        for line in file.read_text().splitlines()
    ]
    file.write_text("\n".join(lines))
    with pytest.raises(SourceUnavailable, match="the secret access key does not belong"):
        source_of(queue.plan("group")).open()


def test_a_queue_that_is_missing_is_named(elasticmq, origin):
    queue = origin(elasticmq)
    queue.name = "missing"
    with pytest.raises(SourceUnavailable, match="there is no queue http"):
        source_of(queue.plan("group")).open()


@pytest.mark.parametrize("raw", ["true", "false"])
def test_what_a_topic_of_sns_feeds_to_a_queue_arrives(moto, origin, raw):
    queue = origin(moto())
    sns = client(queue.server, "sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.name}"
    attributes = {"RawMessageDelivery": raw}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    with opened(queue) as source:
        sns.publish(TopicArn=topic, Message=json.dumps(event(1)))
        assert Reader(source).consume(ids([1])) == (ids([1]), [])


def test_what_is_acknowledged_leaves_the_queue_and_the_rest_is_visible_after_the_end(
    elasticmq, origin
):
    queue = origin(elasticmq)
    queue.publish(messages(range(1, 26)))
    with opened(queue) as source:
        reader = Reader(source)
        reader.read(ids(range(1, 26)))
        reader.acknowledge(12)
    assert queue.left() == [13, 0]


def test_a_device_keeps_its_order_in_a_fifo_queue(elasticmq, origin):
    queue = origin(elasticmq, fifo=True)
    queue.send([message(n).payload.decode() for n in range(1, 101)], group="greenhouse/air")
    with opened(queue) as source:
        assert Reader(source).consume(ids(range(1, 101))).ids == ids(range(1, 101))


HOLDS = """
import sys
from consumers.source import SourcePlan
from consumers.sources.catalog import source_of
from consumers.sources.sqs import held_messages, source as module
held_messages.VISIBILITY = module.VISIBILITY = 5
source = source_of(SourcePlan(url=sys.argv[1]))
source.open()
while True:
    for delivery in source.receive(0.2):
        print(delivery.id, flush=True)
"""


def test_what_a_killed_consumer_held_arrives_at_another_one(elasticmq, origin):
    queue = origin(elasticmq)
    queue.publish(messages(range(1, 6)))
    command = [sys.executable, "-c", HOLDS, queue.url()]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    held = victim.stdout.readline().strip()
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    with opened(queue) as source:
        reader = Reader(source)
        until(lambda: held in reader.got.ids, reader.step)
        reader.consume(ids(range(1, 6)))
