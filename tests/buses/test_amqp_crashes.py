"""Nodes that are killed in the middle of a window: what is confirmed is stored, none is lost."""

import threading

import pytest
from lab.waiting import eventually

from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.testing.destination import build_sink, logged
from tests.buses.amqp_queue import QueueReader, channel, offset
from tests.buses.servers.rabbitmq import cluster

BATCH = 500
PATIENCE = 150.0  # s: a cluster elects on a busy machine


class Feed:
    """Delivers events without end, on a thread; `owned` is what the broker has confirmed."""

    def __init__(self, urls, **options):
        self.owned = 0
        self.complaints = []
        self._stopping = threading.Event()
        plan = SinkPlan("rabbit", tuple(urls), AmqpOptions(**options))
        self._sink = build_sink(plan, self._stopping)
        self._sink.open()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._stopping.is_set():
            first = self.owned + 1
            batch = [logged("reading", n, {"n": n}) for n in range(first, first + BATCH)]
            try:
                self.owned += self._sink.deliver(batch)
            except SinkUnavailable as error:
                self.complaints.append(str(error))
                self._stopping.wait(0.2)

    def reach(self, offset):
        """Wait until so many events are confirmed; name the last complaints if they are not."""
        try:
            eventually(lambda: self.owned >= offset, PATIENCE)
        except AssertionError:
            pytest.fail(f"{self.owned} of {offset} confirmed: {self.complaints[-3:]}")

    def stop(self):
        self._stopping.set()
        self._thread.join()
        self._sink.close()


@pytest.fixture
def feed():
    feeds = []

    def make(urls, **options):
        feeds.append(Feed(urls, **options))
        return feeds[-1]

    yield make
    for one in feeds:
        one.stop()


def check(offsets, owned):
    """Check that what is confirmed is stored, each first arrival in order, nothing left out."""
    first = list(dict.fromkeys(offsets))
    assert owned <= len(first)
    assert first == list(range(1, len(first) + 1))


@pytest.mark.parametrize("queue_type", ["quorum", "classic", "stream"])
def test_a_node_killed_in_mid_window_loses_no_confirmed_event(
    rabbitmq, settled_queues, feed, queue_type
):
    queue = settled_queues[queue_type]
    if queue_type != "stream":
        with channel(rabbitmq.port) as one:
            one.queue_purge(queue)
    one = feed([rabbitmq.url], queue=queue, queue_type=queue_type)
    for n in range(1, 4):
        one.reach(n * 2000)
        rabbitmq.kill()
        rabbitmq.start()
    one.reach(8000)
    one.stop()
    events = QueueReader(queue, queue_type).at_least(one.owned, rabbitmq.port)
    check([offset(event) for event in events], one.owned)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory, epmd):
    running = cluster(tmp_path_factory.mktemp("cluster"), epmd)
    yield running
    for node in running:
        node.stop()


def leader(nodes, queue):
    """Return the node that leads a quorum queue."""
    said = nodes[0].control("list_queues", "--silent", "name", "leader")
    names = dict(line.split() for line in said.splitlines() if line.strip())
    return next(node for node in nodes if node.name == names[queue])


def test_a_leader_killed_under_load_loses_no_confirmed_event(nodes, feed):
    one = feed([node.url for node in nodes], queue="led")
    one.reach(2000)
    nodes[0].control("eval", "[dets:sync(Table) || Table <- dets:all()].")
    led = leader(nodes, "led")
    led.kill()
    try:
        one.reach(one.owned + 4000)
        one.stop()
    finally:
        led.start()
    events = QueueReader("led", "quorum").at_least(one.owned, nodes[0].port)
    check([offset(event) for event in events], one.owned)


def test_without_a_majority_nothing_is_confirmed_and_delivery_continues_with_it(nodes, feed):
    one = feed([nodes[0].url, nodes[1].url, nodes[2].url], queue="majority")
    one.reach(2000)
    for node in nodes[1:]:
        node.kill()
    try:
        heard = len(one.complaints)
        eventually(lambda: len(one.complaints) > heard + 5, PATIENCE)
        before, heard = one.owned, len(one.complaints)
        eventually(lambda: len(one.complaints) > heard + 5, PATIENCE)
        assert one.owned == before
    finally:
        for node in nodes[1:]:
            node.begin()
        for node in nodes[1:]:
            node.wait()
    one.reach(before + 2000)
    one.stop()
    events = QueueReader("majority", "quorum").at_least(one.owned, nodes[1].port)
    check([offset(event) for event in events], one.owned)
