"""A backlog is delivered at a bounded rate, so that a broker's queues do not overrun."""

import threading
from queue import SimpleQueue

import paho.mqtt.client as paho
import pytest

from edge_agent.clock import ManualClock, SystemClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.forwarder import Forwarder, LogAccess
from edge_agent.deliver.pace import FEW, Pace
from edge_agent.events import KINDS

CATCH_UP = 500


class Log:
    """A log with any number of events, as a forwarder reads it."""

    id = "log"
    inode = 1

    def __init__(self, events):
        self.events = events

    def cursor(self, *_):
        return 0

    def read_kinds(self, _kinds, after, upto, limit):
        return self.events(min(limit, upto - after), first=after + 1)

    def require(self, offset):
        """Every event that was announced is there."""

    def close(self):
        pass


class Taker:
    """A sink that takes everything."""

    name = "far"

    def __init__(self):
        self.count = 0

    def open(self):
        pass

    def close(self):
        pass

    def deliver(self, batch):
        self.count += len(batch)
        return len(batch)


def forwarder(sink, events, clock, inbox, catch_up):
    return Forwarder(
        sink,
        frozenset(KINDS),
        inbox,
        log=LogAccess(lambda: Log(events), lambda _move: None, lambda *_: None),
        clock=clock,
        backoff=Backoff(lambda: 1.0),
        catch_up=catch_up,
    )


@pytest.fixture
def catching_up(events):
    """A forwarder with `catch_up`, its clock, inbox and sink."""
    clock, inbox, sink = ManualClock(), SimpleQueue(), Taker()
    return forwarder(sink, events, clock, inbox, CATCH_UP), clock, inbox, sink


def seconds(forwarder, clock, count):
    for _ in range(count * 100):
        forwarder.step(0)
        clock.advance(0.01)


def test_a_backlog_goes_at_the_permitted_rate_after_one_burst(catching_up):
    one, clock, inbox, sink = catching_up
    inbox.put(20_000)
    seconds(one, clock, 10)
    assert 9 * CATCH_UP < sink.count <= 11 * CATCH_UP


def test_new_events_are_permitted_in_addition_so_that_every_backlog_ends(catching_up):
    one, clock, inbox, sink = catching_up
    last = 5000
    for _ in range(200):
        last += 100  # 1000 a second, twice what is permitted of the backlog
        inbox.put(last)
        for _ in range(10):
            one.step(0)
            clock.advance(0.01)
    assert last - sink.count <= FEW


def test_a_few_events_never_wait(catching_up):
    one, _clock, inbox, sink = catching_up
    for n in range(1, 21):
        inbox.put(n * FEW)
        one.step(0)
    assert sink.count == 20 * FEW


def test_without_a_limit_everything_goes_at_once():
    assert Pace(0).permitted(0.0, 10**6, 10**6, 1000) == 1000


def test_a_stop_ends_the_pause(catching_up):
    one, _clock, inbox, sink = catching_up
    inbox.put(20_000)
    inbox.put(None)
    one.run()  # on a clock that nothing moves
    assert sink.count <= CATCH_UP


@pytest.fixture
def slow_subscriber():
    """A live QoS 1 subscriber that needs a millisecond for each event, and what it has got."""
    got, ready, pause = [], threading.Event(), threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda c, *_: c.subscribe("edge/n/event/#", qos=1)
    client.on_subscribe = lambda *_: ready.set()
    client.on_message = lambda _c, _d, message: got.append(message.payload) or pause.wait(0.001)

    def start(port):
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert ready.wait(60)
        return got

    yield start
    client.disconnect()
    client.loop_stop()


def test_a_catch_up_loses_nothing_at_a_broker_with_default_queues(
    mosquitto, client, slow_subscriber, events, wait_for
):
    broker = mosquitto("allow_anonymous true\nmax_queued_messages 1000\n").start()
    got, inbox = slow_subscriber(broker.port), SimpleQueue()
    one = forwarder(client(broker.url).up().sink, events, SystemClock(), inbox, 200)
    one._sink.open = one._sink.close = lambda: None  # the fixture opened it, and closes it
    thread = threading.Thread(target=one.run)
    thread.start()
    inbox.put(2500)
    wait_for(lambda: one._cursor == 2500)
    inbox.put(None)
    thread.join(60)
    wait_for(lambda: len(set(got)) == 2500)
