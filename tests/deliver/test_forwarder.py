import logging
import sqlite3
import threading
from queue import SimpleQueue
from typing import NamedTuple

import pytest

from edge_agent.clock import ManualClock
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.forwarder import CHUNK, SCAN, Forwarder, LogAccess
from edge_agent.errors import EventRejected, LogError, SinkUnavailable
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.figures import Postponed, TakenOver


class Destination:
    """A sink that takes what it is told to, and remembers it."""

    name = "far"

    def __init__(self):
        self.taken = []
        self.up = True
        self.most = CHUNK  # in one delivery
        self.unwanted = set()
        self.attempts = self.opened = self.closed = 0

    def open(self):
        self.opened += 1

    def close(self):
        self.closed += 1

    def deliver(self, batch):
        self.attempts += 1
        if not self.up:
            raise SinkUnavailable("nobody is there")
        batch = batch[: self.most]
        self.taken += [event.offset for event in batch if event.offset not in self.unwanted]
        refused = {e.offset: "too ugly" for e in batch if e.offset in self.unwanted}
        if refused:
            raise EventRejected(len(batch), refused)
        return len(batch)


class Moved(NamedTuple):
    sink: str
    offset: int
    refused: dict


class Log:
    """A log's reading side: offsets that exist, as a set."""

    id = "log"
    inode = 42

    def __init__(self, cursor):
        self.offsets = set()
        self.alerts = set()
        self.committed = cursor
        self.broken = self.replaced = False
        self.read = []

    def cursor(self, _sink, _kinds):
        return self.committed

    def read_kinds(self, kinds, after, upto, limit):
        if self.broken:
            raise sqlite3.DatabaseError("malformed")
        found = [self._event(o) for o in sorted(self.offsets) if after < o <= upto]
        events = [event for event in found if event.kind in kinds][:limit]
        self.read += [event.offset for event in events]
        return events

    def require(self, offset):
        if self.replaced:
            raise LogError("another file is in the log's place")

    def _event(self, offset):
        kind = "alert" if offset in self.alerts else "reading"
        return LoggedEvent(offset, offset, None, None, kind, "air", "{}")

    def close(self):
        pass


class Delivery:
    """A forwarder between a log and a destination, on a clock that is moved by hand."""

    def __init__(self, cursor=0, kinds=KINDS):
        self.clock = ManualClock()
        self.sink, self.log = Destination(), Log(cursor)
        self.moves, self.unreadable, self.saved, self.figures = [], [], [], []
        self.inbox = SimpleQueue()
        self.progress = SimpleQueue()
        self.forwarder = Forwarder(
            self.sink,
            frozenset(kinds),
            self.inbox,
            log=LogAccess(
                lambda: self.log,
                lambda move: self.moves.append(Moved(*move[:3])),
                lambda *what: self.unreadable.append(what),
                self.saved.append,
            ),
            clock=self.clock,
            backoff=Backoff(lambda: 1.0),
            progress=lambda: self.progress.put(None),
            report=self.figures.append,
        )

    def announce(self, last):
        self.log.offsets |= set(range(1, last + 1))
        self.inbox.put(last)
        return self.step()

    def step(self):
        self.forwarder.step(0)
        return self


@pytest.fixture
def delivery():
    """A delivery whose log is empty and whose destination takes everything."""
    return Delivery()


def test_what_was_announced_is_delivered_and_the_cursor_committed(delivery):
    delivery.announce(5)
    assert delivery.sink.taken == [1, 2, 3, 4, 5]
    assert delivery.moves == [("far", 5, {})]


def test_it_goes_on_behind_the_committed_cursor():
    delivery = Delivery(cursor=3).announce(5)
    assert delivery.sink.taken == [4, 5]


def test_nothing_is_delivered_before_it_is_announced(delivery):
    delivery.log.offsets = {1, 2}  # committed by somebody, but not told
    assert delivery.step().sink.attempts == 0


def test_a_partial_delivery_goes_on_where_it_ended(delivery):
    delivery.sink.most = 2
    delivery.announce(5).step().step()
    assert delivery.sink.taken == [1, 2, 3, 4, 5]
    assert [move.offset for move in delivery.moves] == [2, 4, 5]


def test_what_a_delivery_leaves_over_is_not_read_again(delivery):
    delivery.sink.most = 2
    delivery.announce(5).announce(7).step().step()
    assert delivery.sink.taken == [1, 2, 3, 4, 5, 6, 7]
    assert delivery.log.read == [1, 2, 3, 4, 5, 6, 7]


def test_after_a_failed_delivery_the_log_is_read_again(delivery):
    delivery.sink.most = 2
    delivery.announce(3)
    delivery.sink.up = False
    delivery.step()
    delivery.log.offsets = {4}  # 3 was trimmed meanwhile
    delivery.inbox.put(4)
    delivery.sink.up = True
    delivery.clock.advance(1)
    assert delivery.step().sink.taken == [1, 2, 4]


def test_an_unavailable_sink_keeps_the_cursor_and_is_tried_after_the_pause(delivery):
    delivery.sink.up = False
    delivery.announce(1).step()
    assert (delivery.sink.attempts, delivery.moves) == (1, [])
    delivery.sink.up = True
    delivery.clock.advance(0.49)
    assert delivery.step().sink.attempts == 1
    delivery.clock.advance(0.02)
    assert delivery.step().sink.taken == [1]


def test_a_retry_message_ends_the_pause(delivery):
    delivery.sink.up = False
    delivery.announce(1)
    delivery.sink.up = True
    delivery.inbox.put("retry")
    assert delivery.step().sink.taken == [1]


def test_an_outage_is_logged_once_however_many_attempts_it_takes(delivery, caplog):
    caplog.set_level(logging.INFO)
    delivery.sink.up = False
    delivery.announce(1)
    for _ in range(50):
        delivery.clock.advance(60)
        delivery.step()
    delivery.sink.up = True
    delivery.clock.advance(60)
    delivery.step()
    texts = [record.getMessage() for record in caplog.records]
    assert texts == [
        "far is unavailable: nobody is there; events wait in the log",
        "far is accepting events again",
    ]


def test_refused_events_are_stepped_over_and_reported_with_the_move(delivery):
    delivery.sink.unwanted = {2}
    delivery.announce(3)
    assert delivery.sink.taken == [1, 3]
    assert delivery.moves == [("far", 3, {2: "too ugly"})]


def test_a_gap_in_the_offsets_is_no_obstacle(delivery):
    delivery.log.offsets = {1, 7}
    delivery.inbox.put(7)
    assert delivery.step().sink.taken == [1, 7]


def test_events_trimmed_after_their_announcement_do_not_spin(delivery):
    delivery.inbox.put(9)
    delivery.step()
    assert delivery.forwarder._wait() > 0


def test_no_event_is_stepped_over_while_another_file_is_in_the_logs_place(delivery):
    delivery.log.replaced = True
    delivery.inbox.put(9)
    delivery.step()
    assert delivery.moves == []
    delivery.log.replaced = False
    delivery.log.offsets = {9}
    delivery.clock.advance(1)
    assert delivery.step().sink.taken == [9]


def test_an_unreadable_log_is_reported_with_its_inode_and_read_again_later(delivery):
    delivery.log.broken = True
    delivery.announce(1)
    assert [(str(error), inode) for error, inode in delivery.unreadable] == [("malformed", 42)]
    delivery.log.broken = False
    delivery.clock.advance(1)
    assert delivery.step().sink.taken == [1]


def test_a_log_that_is_being_replaced_is_opened_again_later(delivery):
    access = delivery.forwarder._log
    delivery.forwarder._log = access._replace(open_reader=missing)
    delivery.announce(1)
    assert delivery.sink.taken == []
    delivery.forwarder._log = access
    delivery.clock.advance(1)
    assert delivery.step().sink.taken == [1]


def missing():
    raise LogError("there is no event log yet")


def test_its_thread_ends_when_told_even_with_events_waiting(delivery):
    delivery.sink.up = False
    thread = threading.Thread(target=delivery.forwarder.run)
    thread.start()
    delivery.log.offsets = {1}
    delivery.inbox.put(1)
    delivery.inbox.put(None)
    thread.join(60)
    assert not thread.is_alive()


def test_what_was_announced_before_the_stop_is_still_delivered(delivery):
    delivery.log.offsets = set(range(1, 5001))
    delivery.inbox.put(5000)
    delivery.inbox.put(None)
    delivery.forwarder.run()
    assert delivery.sink.taken == list(range(1, 5001))


def test_a_stop_does_not_wait_for_a_backlog_without_end(delivery):
    delivery.log.offsets = set(range(1, 5001))
    deliver = delivery.sink.deliver

    def slowly(batch):
        delivery.clock.advance(0.6)
        return deliver(batch)

    delivery.sink.deliver = slowly
    delivery.inbox.put(5000)
    delivery.inbox.put(None)
    delivery.forwarder.run()
    assert len(delivery.sink.taken) == 2 * CHUNK


def test_it_shows_progress_at_every_step_whether_the_sink_takes_events_or_not():
    delivery = Delivery()
    delivery.announce(1)
    delivery.sink.up = False
    delivery.announce(2)
    delivery.step()
    assert delivery.progress.qsize() == 3


def test_a_sink_is_opened_before_anything_is_announced_and_closed_at_the_end(delivery):
    delivery.step()
    assert delivery.sink.opened == 1
    delivery.inbox.put(None)
    delivery.forwarder.run()
    assert (delivery.sink.opened, delivery.sink.closed) == (1, 1)


def test_kinds_that_a_sink_does_not_want_are_stepped_over_and_committed():
    delivery = Delivery(kinds={"alert"})
    delivery.log.alerts = {2}
    delivery.announce(3).step()
    assert delivery.sink.taken == [2]
    assert [move.offset for move in delivery.moves] == [2, 3]


def test_a_long_stretch_of_other_kinds_is_looked_through_in_bounded_steps():
    delivery = Delivery(kinds={"alert"})
    delivery.inbox.put(3 * SCAN)
    delivery.step().step()
    assert [move.offset for move in delivery.moves] == [SCAN, 2 * SCAN]


def test_a_sink_that_is_not_registered_yet_waits_for_the_commit_that_registers_it():
    delivery = Delivery(cursor=None)
    delivery.announce(5)
    assert delivery.sink.attempts == 0
    delivery.log.committed = 3
    delivery.announce(6)
    assert delivery.sink.taken == [4, 5, 6]


def test_an_outage_is_saved_with_its_reason_and_a_stop_is_none(delivery):
    delivery.sink.up = False
    delivery.announce(1)
    assert [state.name for state in delivery.saved] == ["sink/far/error", "sink/far/availability"]
    assert b"nobody is there" in delivery.saved[0].data
    delivery.clock.advance(10)
    delivery.sink.up = True
    delivery.step()
    assert b'"available":true' in delivery.saved[2].data
    delivery.sink.up = False
    delivery.announce(2)
    count = len(delivery.saved)
    delivery.inbox.put(None)
    delivery.clock.advance(100)
    delivery.forwarder.run()
    assert [b'"available":true' in state.data for state in delivery.saved[count:]] == [True]


def test_each_batch_that_is_taken_over_and_each_failure_is_reported(delivery):
    delivery.announce(5)
    (taken,) = delivery.figures
    assert (type(taken), taken.sink, taken.offset) == (TakenOver, "far", 5)
    delivery.sink.up = False
    delivery.announce(6)
    assert delivery.figures[1:] == [Postponed("far")]
    delivery.sink.up, delivery.sink.unwanted = True, {6}
    delivery.clock.advance(3600)
    delivery.step()
    assert [type(one) for one in delivery.figures[2:]] == [TakenOver]
