"""The inbox of a connection: it wakes for the first reading, and not for those that follow."""

import threading

import pytest

from edge_agent.clock import Moment
from edge_agent.deliver.mqtt import connection_inbox
from edge_agent.deliver.mqtt.connection_inbox import ConnectionInbox
from edge_agent.events import Answer, Reading
from edge_agent.inbox import GATHERED, arrived

ANSWER = Answer("topic", b"", b"{}")


def reading(n):
    return Reading(f"air{n}", Moment(n, n, trusted=True), {"t": 20.0})


class Time:
    """As much of the module as an inbox uses."""

    now = 0.0

    def monotonic(self):
        return self.now


@pytest.fixture
def time(monkeypatch):
    time = Time()
    monkeypatch.setattr(connection_inbox, "time", time)
    return time


@pytest.fixture
def inbox(time):
    return ConnectionInbox()


def woken(inbox):
    return inbox._wake.clear()


def test_the_first_reading_is_taken_at_once_and_the_next_ones_together(inbox, time):
    inbox.put(reading(1))
    assert inbox.take() == [reading(1)]
    inbox.put(reading(2))
    inbox.put(reading(3))
    assert inbox.take() == []
    assert inbox.patience() == pytest.approx(GATHERED)
    time.now += GATHERED
    assert inbox.patience() == 0
    assert inbox.take() == [reading(2), reading(3)]


def test_all_else_wakes_at_once_and_takes_readings_along(inbox):
    inbox.put(reading(1))
    inbox.take()
    inbox.put(reading(2))
    inbox.put(ANSWER)
    assert inbox.take() == [reading(2), ANSWER]


def test_what_has_woken_the_thread_is_enough_for_all_that_it_takes_then(inbox, monkeypatch):
    calls = []
    monkeypatch.setattr(inbox._wake, "set", lambda: calls.append(None))
    for n in range(3):
        inbox.put(reading(n))
    assert len(calls) == 1
    inbox._wake.clear = lambda: True
    assert len(inbox.take()) == 3
    inbox.put(ANSWER)
    assert len(calls) == 2


def test_after_a_pause_the_next_reading_wakes_again(inbox, time):
    inbox.put(reading(1))
    inbox.take()
    time.now += GATHERED
    assert inbox.take() == []
    assert inbox.patience() == float("inf")
    inbox.put(reading(2))
    assert inbox.take() == [reading(2)]


def test_a_rest_ends_when_there_is_something_to_take(inbox):
    inbox.rest(0.0)
    inbox.put(ANSWER)
    inbox.rest(3600.0)
    assert inbox.take() == [ANSWER]


def test_no_reading_is_lost_whenever_it_comes():
    inbox, count = ConnectionInbox(), 20_000

    def put():
        for n in range(count):
            inbox.put(reading(n))

    threading.Thread(target=put, daemon=True).start()
    found = []
    while len(found) < count:
        found += inbox.take()
    assert found == [reading(n) for n in range(count)]


def test_a_reading_that_comes_at_the_end_of_a_pause_is_taken_or_wakes(inbox, time, monkeypatch):
    inbox.put(reading(1))
    inbox.take()
    time.now += GATHERED

    def late(items):
        """Put a reading just before the inbox says that it gathers no longer."""
        yield from arrived(items)
        monkeypatch.undo()
        inbox.put(reading(2))

    monkeypatch.setattr("edge_agent.deliver.mqtt.connection_inbox.arrived", late)
    assert inbox.take() == [reading(2)] or woken(inbox)
