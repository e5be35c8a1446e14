"""The contract of every sink, with queues and topics of two emulators of AWS."""

import pytest

from edge_agent.deliver.aws.options import AwsOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.testing import Destination, SinkContract
from tests.buses.readers.queue_reader import QueueReader
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import REGION, Moto

RAW = {"RawMessageDelivery": "true"}


class AwsDestination(Destination):
    """A queue that is read by boto3, which gets what is sent to `url`.

    Both emulators forget what they hold if they end, so what is sent is read before. A queue of
    SQS keeps the order of a group at most, and here each event is a group: `ordered` says that
    this queue does more. From another one, a reader takes the order that `sequence` gives.
    """

    largest = 262_144

    def __init__(self, server, url, queue, directory, *, ordered):
        self._server = server
        self._ordered = ordered
        self._url = url
        self.reader = QueueReader(server, queue, directory / "reader.log")

    def plan(self):
        file = str(self._server.credentials)
        return SinkPlan("cloud", (self._url,), AwsOptions(region=REGION, credentials_file=file))

    def received(self):
        got = self.reader.got
        return got if self._ordered else sorted(got, key=lambda one: one.offset)

    def stop(self):
        self._server.kill()

    def start(self):
        self._server.start()

    def silence(self):
        self._server.pause()

    def speak(self):
        self._server.resume()

    def close(self):
        self.reader.close()
        self._server.kill()


@pytest.fixture
def place(tmp_path):
    """A function: make a destination in a server; `make` gets the server's URL of it."""
    places = []

    def make(server, url, queue):
        server.start()
        ordered = isinstance(server, Moto)
        places.append(AwsDestination(server, url(server), queue, tmp_path, ordered=ordered))
        return places[-1]

    yield make
    for each in places:
        each.close()


class TestSqsInMoto(SinkContract):
    @pytest.fixture
    def destination(self, tmp_path, place):
        server = Moto(tmp_path, ["events"])
        return place(server, lambda one: f"sqs+{one.queue('events')}", "events")


class TestSnsInMoto(SinkContract):
    @pytest.fixture
    def destination(self, tmp_path, place):
        server = Moto(tmp_path, ["events"], {"all": {"events": RAW}})
        return place(server, lambda one: f"sns+{one.topic('all')}", "events")


class TestSqsInElasticMq(SinkContract):
    @pytest.fixture
    def destination(self, tmp_path, place):
        server = ElasticMq(tmp_path, ["events"])
        return place(server, lambda one: f"sqs+{one.queue('events')}", "events")


class TestFifoInElasticMq(SinkContract):
    blind = {"test_after_a_restart_a_repeated_event_is_the_same": "the queue drops what repeats"}

    @pytest.fixture
    def destination(self, tmp_path, place):
        server = ElasticMq(tmp_path, ["events.fifo"])
        return place(server, lambda one: f"sqs+{one.queue('events.fifo')}", "events.fifo")
