"""The contract of every source, with queues of two emulators of AWS."""

from contextlib import closing

import pytest

from consumers.sources.sqs import held_messages, source
from edge_agent.testing import SourceContract
from tests.buses.servers.elasticmq import ElasticMq
from tests.buses.servers.moto import Moto
from tests.buses.sqs_origin import RECEIVING, SqsOrigin

OTHERS = "test_other_nodes_do_not_arrive_and_do_not_block"
NO_FILTER = "a queue has no filter, so a reader for some nodes is refused"
ORDER = "test_each_log_arrives_in_order[*]"


@pytest.fixture(autouse=True)
def small_and_soon(monkeypatch):
    """What a lost answer held comes back in time, and moto has no thousands of messages."""
    monkeypatch.setattr(source, "WAIT", 1)
    monkeypatch.setattr(source, "MOST", SqsOrigin.window)
    for module in (held_messages, source):
        monkeypatch.setattr(module, "VISIBILITY", 24)
    monkeypatch.setattr(held_messages, "EXTEND_AT", 12)


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    server = Moto(tmp_path_factory.mktemp("moto"), actions=RECEIVING).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def elasticmq(tmp_path_factory):
    server = ElasticMq(tmp_path_factory.mktemp("elasticmq"), []).start()
    yield server
    server.kill()


class TestSqsInMoto(SourceContract):
    blind = {OTHERS: NO_FILTER}

    @pytest.fixture
    def origin(self, moto):
        with closing(SqsOrigin(moto)) as origin:
            yield origin


class TestSqsInElasticMq(SourceContract):
    blind = {OTHERS: NO_FILTER, ORDER: "a standard queue keeps no order"}

    @pytest.fixture
    def origin(self, elasticmq):
        with closing(SqsOrigin(elasticmq)) as origin:
            yield origin


class TestFifoInElasticMq(SourceContract):
    blind = {OTHERS: NO_FILTER, ORDER: "each message is a group of its own here"}

    @pytest.fixture
    def origin(self, elasticmq):
        with closing(SqsOrigin(elasticmq, fifo=True)) as origin:
            yield origin
