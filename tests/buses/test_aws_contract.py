"""The contract of every sink, with queues and topics of two emulators of AWS."""

import itertools
from contextlib import closing

import pytest
from lab.destinations import ServerDestination

from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import SinkContract
from tests.buses.readers.queue_reader import QueueReader
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import REGION, Moto

RAW = {"RawMessageDelivery": "true"}


class AwsDestination(ServerDestination):
    """A queue that is read by boto3, which gets what is sent to `url`.

    Both emulators forget what they hold if they end, so what is sent is read before. A queue of
    SQS keeps the order of a group at most, and here each event is a group: `ordered` says that
    this queue does more. From another one, a reader takes the order that `sequence` gives.
    """

    largest = 262_144

    def __init__(self, server, url, queue, directory, *, ordered):
        super().__init__(server)
        self._ordered = ordered
        self._url = url
        self.reader = QueueReader(server, queue, directory / "reader.log")

    def plan(self):
        file = str(self.server.credentials)
        return SinkPlan("cloud", (self._url,), AwsOptions(region=REGION, credentials_file=file))

    def received(self):
        got = self.reader.got
        return got if self._ordered else sorted(got, key=lambda one: one.offset)

    def close(self):
        self.reader.close()


TESTS = 12  # at most in a class; each has a queue of its own


@pytest.fixture(scope="class")
def number():
    """A function: return a number that it has not returned in this class."""
    return itertools.count().__next__


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    queues = [f"{kind}{n}" for n in range(TESTS) for kind in ("queue", "subscriber")]
    topics = {f"topic{n}": {f"subscriber{n}": RAW} for n in range(TESTS)}
    server = Moto(tmp_path_factory.mktemp("moto"), queues, topics).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def elasticmq(tmp_path_factory):
    queues = [f"queue{n}{end}" for n in range(TESTS) for end in ("", ".fifo")]
    server = ElasticMq(tmp_path_factory.mktemp("elasticmq"), queues).start()
    yield server
    server.kill()


class TestSqsInMoto(SinkContract):
    @pytest.fixture
    def destination(self, moto, number, tmp_path):
        queue = f"queue{number()}"
        url = f"sqs+{moto.queue(queue)}"
        with closing(AwsDestination(moto, url, queue, tmp_path, ordered=True)) as destination:
            yield destination


class TestSnsInMoto(SinkContract):
    @pytest.fixture
    def destination(self, moto, number, tmp_path):
        n = number()
        url, queue = f"sns+{moto.topic(f'topic{n}')}", f"subscriber{n}"
        with closing(AwsDestination(moto, url, queue, tmp_path, ordered=True)) as destination:
            yield destination


class TestSqsInElasticMq(SinkContract):
    @pytest.fixture
    def destination(self, elasticmq, number, tmp_path):
        queue = f"queue{number()}"
        url = f"sqs+{elasticmq.queue(queue)}"
        with closing(AwsDestination(elasticmq, url, queue, tmp_path, ordered=False)) as destination:
            yield destination


class TestFifoInElasticMq(SinkContract):
    blind = {"test_after_a_restart_a_repeated_event_is_the_same": "the queue drops what repeats"}

    @pytest.fixture
    def destination(self, elasticmq, number, tmp_path):
        queue = f"queue{number()}.fifo"
        url = f"sqs+{elasticmq.queue(queue)}"
        with closing(AwsDestination(elasticmq, url, queue, tmp_path, ordered=False)) as destination:
            yield destination
