"""A replay's pace, its patience and its end."""

import pytest

from edge_agent.clock import ManualClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink_replay import SinkReplay
from edge_agent.errors import SinkUnavailable
from edge_agent.events import LoggedEvent, Replayed


class Replaying:
    """A replay of 100 events to a sink in memory; a pause moves the clock."""

    name = "far"

    def __init__(self, rate):
        self.clock = ManualClock()
        self.taken, self.pauses = [], []
        self.failures = self.opened = 0
        self.stop_after = 1000
        self.replay = SinkReplay(
            self,
            rate=rate,
            clock=self.clock,
            backoff=Backoff(lambda: 1.0),
            pause=self.pause,
            stopping=lambda: len(self.taken) >= self.stop_after,
        )

    def pause(self, seconds):
        self.pauses.append(seconds)
        self.clock.advance(max(seconds, 0))

    def open(self):
        self.opened += 1

    def deliver(self, batch):
        if self.failures:
            self.failures -= 1
            raise SinkUnavailable("not now")
        self.taken += batch
        return len(batch)

    def run(self, size=10):
        events = [LoggedEvent(n, n, None, None, "reading", "air", "{}") for n in range(1, 101)]
        return sum(self.replay.run(events[n : n + size] for n in range(0, 100, size)))


@pytest.mark.parametrize("rate", [0.5, 10, 200])
def test_no_more_events_go_in_a_second_than_the_rate(rate):
    one = Replaying(rate)
    assert one.run() == 100
    assert one.clock.monotonic() == pytest.approx(100 / rate)


def test_events_are_marked_and_in_order():
    one = Replaying(1000)
    one.run()
    assert [event.offset for event in one.taken] == list(range(1, 101))
    assert {type(event) for event in one.taken} == {Replayed}


def test_an_outage_is_waited_for_and_nothing_is_missing_or_sent_twice(caplog):
    one = Replaying(1000)
    one.failures = 5
    assert one.run() == 100
    assert [event.offset for event in one.taken] == list(range(1, 101))
    assert one.pauses[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert [record.message for record in caplog.records] == [
        "far is unavailable: not now; trying again"
    ]


def test_a_stop_ends_it_behind_the_last_event_that_is_settled():
    one = Replaying(1000)
    one.stop_after = 30
    assert one.run() == 30
    assert one.replay.last == 30


def test_a_sink_is_opened_once():
    one = Replaying(1000)
    one.run()
    assert one.opened == 1
