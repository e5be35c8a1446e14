import threading
from queue import Empty, SimpleQueue

import pytest

from edge_agent.acquire.bus_worker import IDLE, BusWorker
from edge_agent.acquire.due_device import DueDevice
from edge_agent.clock import ManualClock, SystemClock

PATIENCE = 60.0  # s: a deadline that a slow machine keeps, and far less than an interval here


class Line:
    """A driver of a pin: holds the value it was given, and reports when it moves."""

    bus = "gpio"
    channels = ()

    def __init__(self):
        self.active = 0.0
        self.begun = SimpleQueue()
        self.ended = SimpleQueue()
        self.wait = None

    def setup(self):
        yield 0

    def listen(self, wake):
        self.wake = wake

    def move(self, active):
        self.active = active
        self.wake()

    def measure(self):
        self.begun.put(True)
        try:
            if self.wait:
                yield self.wait
            yield 0
            return {"active": self.active}
        finally:
            self.ended.put(True)


class Impatient(SimpleQueue):
    """An inbox that notes how long its reader was ready to wait, and finally stops it."""

    def __init__(self):
        self.waits = []

    def get(self, block=True, timeout=None):
        self.waits.append(timeout)
        if len(self.waits) < 10:
            raise Empty


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def start(line):
    """Start a worker in its own thread; stop it at the end."""
    started = []

    def start_worker(**device):
        inbox, readings = SimpleQueue(), SimpleQueue()
        device = DueDevice("door", line, **device)
        worker = BusWorker("gpio", [device], inbox, emit=readings.put, clock=SystemClock())
        thread = threading.Thread(target=worker.run)
        thread.start()
        started.append((thread, inbox))
        return thread, inbox, readings

    yield start_worker
    for thread, inbox in started:
        inbox.put(None)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_news_from_another_thread_are_measured_at_once(start, line):
    _, _, readings = start(every=3600)
    assert readings.get(timeout=PATIENCE).values == {"active": 0.0}
    line.move(1.0)
    assert readings.get(timeout=PATIENCE).values == {"active": 1.0}


def test_a_stop_does_not_wait_for_the_next_due_time(start):
    thread, inbox, readings = start(every=3600)
    readings.get(timeout=PATIENCE)
    inbox.put(None)
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_stop_breaks_off_what_is_under_way(start, line):
    line.wait = 50.0
    thread, inbox, readings = start(every=3600, deadline=60)
    line.begun.get(timeout=PATIENCE)
    inbox.put(None)
    thread.join(PATIENCE)
    assert line.ended.get_nowait()
    assert readings.empty()


def test_a_bus_that_has_nothing_to_do_for_an_hour_shows_progress_every_five_seconds(line):
    inbox, progress = Impatient(), []
    BusWorker(
        "gpio",
        [DueDevice("door", line, 3600)],
        inbox,
        emit=lambda reading: None,
        clock=ManualClock(),
        progress=lambda: progress.append(len(inbox.waits)),
    ).run()
    assert max(inbox.waits) == IDLE <= 5
    assert {*progress} == {*range(10)}  # before each wait
