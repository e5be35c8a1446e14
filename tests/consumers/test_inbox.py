"""Each event once, in order per log, and what is wrong, whenever the consumer is killed."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.decode import checked
from consumers.inbox.inbox import Inbox
from consumers.inbox.progress import DoneRange
from consumers.inbox.settings import InboxSettings
from consumers.source import DeadLetter, Introduction
from edge_agent.events import KINDS

START = 1_800_000_000.0  # 2027-01-15 08:00:00
EAGER = InboxSettings(patience=0.0)


class Store:
    """Progress and dead letters in memory, as a store keeps them."""

    def __init__(self):
        self.rows, self.letters, self.again = {}, {}, []

    def load(self):
        return [DoneRange(log, first, last) for (log, first), last in self.rows.items()]

    def save(self, changes):
        for key in changes.gone:
            self.rows.pop(key, None)
        for log, first, last in changes.grown:
            self.rows[log, first] = last

    def update(self, new, done):
        for key in done:
            self.letters.pop(key, None)
        self.letters |= {letter.key: letter for letter in new}

    def due(self):
        found, self.again = self.again, []
        return found


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def inbox(store):
    return Inbox(store, store)


@pytest.fixture
def received(event):
    """A function: an event as a source delivers it."""
    return lambda *args, **changes: checked(event(*args, **changes))


@pytest.fixture
def gone(gap):
    """A function: a gap event as a source delivers it."""
    return lambda *args, **changes: checked(gap(*args, **changes))


def offsets(events):
    return [one.offset for one in events]


def take(inbox, *deliveries, at=START):
    """Take deliveries and settle them; return the offsets."""
    found = offsets(inbox.take(deliveries, at))
    inbox.save()
    inbox.settle()
    return found


def test_events_are_handed_over_once_and_in_order(inbox, received):
    assert take(inbox, *map(received, (1, 2, 3, 2, 1, 4))) == [1, 2, 3, 4]
    assert (inbox.counts.events, inbox.counts.duplicates) == (4, 2)


def test_an_event_waits_for_what_is_missing_below_it(inbox, received):
    assert take(inbox, received(1), received(4), received(3)) == [1]
    assert take(inbox, received(2)) == [2, 3, 4]


def test_waiting_ends_after_the_patience(inbox, received):
    assert take(inbox, received(1), received(5), received(3)) == [1]
    assert take(inbox, at=START + 1.9) == []
    assert take(inbox, at=START + 2) == [3, 5]


def test_waiting_ends_when_many_deliveries_have_come_after(inbox, received):
    others = [received(n, log="other") for n in range(1, 101)]
    assert len(take(inbox, received(1), received(3), *others[:-1])) == 100
    assert take(inbox, others[-1]) == [100, 3]


def test_a_log_with_a_hole_that_nothing_fills_waits_no_longer(inbox, received):
    take(inbox, received(1), received(3))
    take(inbox, at=START + 2)
    assert take(inbox, received(7), at=START + 2) == [7]


def introduction(*kinds):
    """What the node of the events says: its sink here is "cloud"."""
    return Introduction("greenhouse", {"sink": "cloud", "sinks": {"cloud": list(kinds)}})


def test_holes_of_a_node_that_delivers_some_kinds_only_are_usual(inbox, received):
    take(inbox, introduction("reading"), received(1), received(3))
    take(inbox, at=START + 100)
    assert inbox.missing() == ()


def test_an_introduction_explains_holes_that_were_there_before_it(inbox, received):
    take(inbox, received(1), received(3))
    take(inbox, at=START + 2)
    take(inbox, introduction("reading"), at=START + 100)
    assert inbox.missing() == ()


def test_holes_of_a_node_that_delivers_every_kind_are_not_usual(inbox, received):
    take(inbox, introduction(*KINDS), received(1), received(3))
    take(inbox, at=START + 2)
    take(inbox, at=START + 100)
    assert [each.ranges for each in inbox.missing()] == [((2, 2),)]


def test_holes_are_usual_if_members_share_the_events(store, received):
    inbox = Inbox(store, store, InboxSettings(shared=True))
    take(inbox, received(1), received(3))
    take(inbox, at=START + 2)
    take(inbox, at=START + 100)
    assert inbox.missing() == ()


@pytest.mark.parametrize(("sink", "reports"), [("cloud", 1), ("other", 0)])
def test_what_another_sink_was_refused_is_not_missing_here(inbox, received, gone, sink, reports):
    gap = gone(4, [(2, 2)], reason=f"rejected by {sink}: too large")
    take(inbox, introduction(*KINDS), received(1), received(3), gap)
    assert sum(each.reason != "" for each in inbox.missing()) == reports


def test_an_event_that_comes_late_is_handed_over_and_its_log_waits_again(inbox, received):
    take(inbox, received(1), received(3))
    take(inbox, at=START + 2)
    assert take(inbox, received(2)) == [2]
    assert inbox.counts.reordered == 1
    assert take(inbox, received(5)) == []


def test_other_logs_do_not_wait(inbox, received):
    assert take(inbox, received(1), received(3), received(8, log="b"), received(9, log="b")) == [
        *(1, 8, 9)
    ]


def test_nothing_waits_below_a_gap_event(inbox, received, gone):
    assert take(inbox, received(1), received(4), gone(5, [[2, 3]])) == [1, 4, 5]
    assert take(inbox, received(7)) == []  # the log is as patient as before


def test_what_waits_is_not_acknowledged_nor_what_came_after_it(inbox, received):
    list(inbox.take([received(1), received(3), received(9, log="b")], START))
    assert inbox.settle() == 1
    list(inbox.take([received(2)], START))
    assert inbox.settle() == 3


def test_what_was_not_handed_over_yet_is_not_acknowledged(inbox, received):
    events = inbox.take([received(1), received(2)], START)
    next(events)
    assert inbox.settle() == 1
    next(events)
    assert inbox.settle() == 1


def test_dead_letters_and_introductions_are_acknowledged(inbox):
    list(inbox.take([DeadLetter("not JSON"), Introduction("greenhouse", {})], START))
    assert inbox.settle() == 2


def test_a_commit_that_failed_is_saved_with_the_next_one(store, inbox, received):
    list(inbox.take([received(1)], START))
    inbox.save()
    store.rows.clear()  # the transaction was rolled back
    list(inbox.take([received(2)], START))
    inbox.save()
    assert store.rows == {("a1b2c3", 1): 2}


def test_the_next_inbox_resumes(store, inbox, received):
    take(inbox, *map(received, (1, 2, 3)))
    assert take(Inbox(store, store), *map(received, (2, 3, 4))) == [4]


def test_progress_is_a_row_for_each_range_however_long(store, received):
    inbox = Inbox(store, store, EAGER)
    take(inbox, *map(received, [*range(1, 500), *range(600, 900)]))
    take(inbox, *map(received, range(500, 600)))
    assert store.rows == {("a1b2c3", 1): 899}


def test_what_is_missing_is_reported_after_the_patience_for_gaps(store, received):
    inbox = Inbox(store, store, EAGER)
    take(inbox, received(1), received(9), received(5))
    take(inbox, at=START + 59)
    assert inbox.missing() == ()
    take(inbox, at=START + 60)
    (found,) = inbox.missing()
    assert (found.node, found.total, found.ranges, found.reason) == (
        *("greenhouse", 6),
        *(((2, 4), (6, 8)), ""),
    )
    assert inbox.counts.missing == 6
    assert inbox.missing() == ()


def test_what_a_gap_event_names_is_reported_once_with_its_reason(store, received, gone):
    inbox = Inbox(store, store, EAGER)
    take(inbox, received(1), received(5), gone(6, [[2, 4]], 3))
    (found,) = inbox.missing()
    assert (found.total, found.ranges, found.reason) == (3, ((2, 4),), "max_size")
    take(inbox, at=START + 60)
    assert inbox.missing() == ()


def test_a_gap_event_that_comes_before_the_hole(store, received, gone):
    inbox = Inbox(store, store, EAGER)
    take(inbox, received(1), gone(2, [[4, 5]]), received(3), received(7), at=START)
    inbox.missing()
    take(inbox, at=START + 60)
    (found,) = inbox.missing()
    assert found.ranges == ((6, 6),)


def test_a_gap_event_of_a_new_log_names_what_the_old_one_lacks(store, received, gone):
    inbox = Inbox(store, store, EAGER)
    take(inbox, received(1, log="old"), received(4, log="old"))
    take(inbox, gone(1, [[2, 3]], log="old", id="new:1"))
    take(inbox, at=START + 60)
    assert [found.reason for found in inbox.missing()] == ["max_size"]


def test_a_replay_of_a_done_event_is_a_duplicate(inbox, received):
    assert take(inbox, received(1), received(1, replay=True)) == [1]


def test_a_replay_of_an_event_that_was_missed_is_handed_over_and_waits_for_nothing(inbox, received):
    assert take(inbox, received(5), received(2, replay=True), received(99, replay=True)) == [
        *(5, 2, 99)
    ]
    assert take(inbox, received(6), received(2)) == [6]
    assert (inbox.counts.reordered, inbox.missing()) == (0, ())


def test_replays_are_taken_on_request(store, received):
    inbox = Inbox(store, store, InboxSettings(replays=True))
    assert take(inbox, received(1), received(1, replay=True), received(1)) == [1, 1]


def test_an_event_from_the_future_is_a_dead_letter(store, inbox, received):
    years = {"time": "2033-01-15T08:00:00Z"}
    unset = {**years, "clock": "unsynchronised", "bootid": 1, "uptime": "9"}
    assert take(inbox, received(1), received(2, **years), received(3), received(4, **unset)) == [
        *(1, 3, 4)
    ]
    assert [one.reason for one in store.letters.values()] == ["its time is in the future"]


def test_a_consumer_whose_clock_is_not_set_takes_every_time(inbox, received):
    assert take(inbox, received(1), at=5.0) == [1]


def test_an_id_of_another_node_is_a_dead_letter(store, inbox, received):
    assert take(inbox, received(1), received(1, node="copy"), received(2)) == [1, 2]
    (letter,) = store.letters.values()
    assert letter.reason == "its id is that of an event of greenhouse: was a log copied?"


def test_two_nodes_of_one_name_are_two_logs(inbox, received):
    assert take(inbox, received(1, log="a"), received(1, log="b")) == [1, 1]


def test_a_kind_or_version_that_is_unknown_is_handed_over(inbox, received):
    unknown = [received(1, type="edge.reading.v9"), received(2, type="edge.weather.v1")]
    assert take(inbox, *unknown) == [1, 2]


def test_a_dead_letter_is_kept_once_and_its_log_does_not_wait_for_it(store, inbox, event, received):
    broken = checked(event(2, time="yesterday"))
    assert take(inbox, received(1), broken, broken, received(3)) == [1, 3]
    (letter,) = store.letters.values()
    assert b'"id":"a1b2c3:2"' in letter.payload
    assert letter.whole


def test_a_dead_letter_that_is_tried_again_is_handed_over_once_it_is_good(store, inbox, event):
    take(inbox, checked(event(1)), checked(event(2, time="yesterday")), checked(event(3)))
    (letter,) = store.letters.values()
    good = letter.payload.replace(b"yesterday", b"2027-01-15T08:00:00Z")
    store.again = [letter, letter._replace(payload=good)]
    assert take(inbox, at=START + 5) == [2]
    store.again = [letter._replace(payload=good)]
    assert take(inbox, at=START + 10) == []  # it is done


def test_a_dead_letter_that_is_still_bad_is_kept(store, inbox, event):
    take(inbox, checked(event(2, time="yesterday")))
    store.again = list(store.letters.values())
    take(inbox, at=START + 5)
    assert len(store.letters) == 1


def test_a_refused_event_is_a_dead_letter_and_can_be_tried_again(store, inbox, received):
    for one in inbox.take([received(1), received(2), received(3)], START):
        if one.offset == 2:
            inbox.refuse(one, "no such channel")
    inbox.save()
    assert inbox.settle() == 3
    assert store.rows == {("a1b2c3", 1): 1, ("a1b2c3", 3): 3}
    store.again = list(store.letters.values())
    assert take(inbox, at=START + 5) == [2]
    assert (store.rows, store.letters) == ({("a1b2c3", 1): 3}, {})


def test_a_forgotten_log_leaves_no_rows(store, received):
    inbox = Inbox(store, store, InboxSettings(logs=2))
    take(inbox, received(1, log="a"), received(1, log="b"))
    take(inbox, received(2, log="a"), received(1, log="c"))
    assert store.rows == {("a", 1): 2, ("c", 1): 1}


def test_without_room_for_ranges_the_lowest_hole_is_closed(store, received):
    inbox = Inbox(store, store, EAGER._replace(ranges=3))
    assert take(inbox, *map(received, (1, 3, 5, 7, 9))) == [1, 3, 5, 7, 9]
    assert store.rows == {("a1b2c3", 1): 5, ("a1b2c3", 7): 7, ("a1b2c3", 9): 9}
    assert take(inbox, received(6)) == [6]


def test_without_room_for_a_new_log_another_is_forgotten(store, received):
    inbox = Inbox(store, store, EAGER._replace(ranges=2))
    take(inbox, *(received(1, log=log) for log in "abc"))
    assert store.rows == {("b", 1): 1, ("c", 1): 1}


SETTINGS = st.sampled_from([EAGER, InboxSettings(), InboxSettings(most_behind=3)])
STEPS = st.lists(
    st.tuples(
        st.integers(1, 9),  # deliveries of a step
        st.sampled_from(["commit", "commit", "commit", "rollback", "kill before", "kill after"]),
        st.sampled_from([0.0, 0.5, 3.0]),
    ),
    max_size=60,
)


class Bus:
    """Redelivers what is not acknowledged after a kill, a little out of order at first."""

    def __init__(self, deliveries):
        self._queue, self._sent = list(deliveries), []

    def receive(self, most):
        found, self._queue = self._queue[:most], self._queue[most:]
        self._sent += found
        return found

    def acknowledge(self, count):
        assert count <= len(self._sent)
        del self._sent[:count]

    def reconnect(self):
        self._queue = self._sent + self._queue
        self._sent = []

    def __bool__(self):
        return bool(self._queue or self._sent)


@given(st.randoms(use_true_random=False), SETTINGS, STEPS)
def test_the_effect_is_once_and_nothing_is_lost_whenever_the_consumer_is_killed(
    event, chance, settings, steps
):
    sent = [checked(event(n, log=log)) for n in range(1, 31) for log in ("a", "b")]
    for n in range(len(sent) - 1):  # neighbours change places, some come twice
        if chance.random() < 0.2:
            sent[n : n + 2] = [sent[n + 1], sent[n]]
    bus, store, effect, now = Bus(sent + chance.sample(sent, 9)), Store(), [], START
    inbox = Inbox(store, store, settings)
    for most, end, passed in [*steps, *[(100, "commit", 3.0)] * 3]:
        now += passed
        fresh = offsets_by_log(inbox.take(bus.receive(most), now))
        if end != "kill before":
            inbox.save()
            effect += fresh
        if end == "commit":
            bus.acknowledge(inbox.settle())
        else:
            bus.reconnect()
            inbox = Inbox(store, store, settings)
    assert sorted(effect) == sorted({(one.log, one.offset) for one in sent})
    assert not bus


def offsets_by_log(events):
    return [(one.log, one.offset) for one in events]


@given(st.permutations(range(1, 30)))
def test_whatever_comes_within_the_patience_is_in_order(event, order):
    store = Store()
    inbox = Inbox(store, store)
    first = checked(event(0))
    found = offsets(inbox.take([first, *(checked(event(n)) for n in order)], START))
    assert found == list(range(30))


def test_hostile_input_takes_a_bounded_amount_of_memory(store, event, gap):
    inbox = Inbox(store, store, InboxSettings(logs=100, ranges=1000))
    chance = random.Random(5)

    def flood(count):
        for _ in range(count):
            offset, name = chance.randrange(2**62), f"n{chance.randrange(10**9)}"
            log = chance.choice([name, "a", "b"])
            far = [[offset, offset + 5], [2, 2**62]]
            take(inbox, checked(event(offset, log=log, node=name)))
            take(inbox, checked(gap(offset, far, log=log, node=name)), DeadLetter(name))
            store.letters.clear()

    flood(1000)
    tracemalloc.start()
    flood(1000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store.rows) <= 1000
    assert grown < 4_000_000  # holes and reports, up to their bounds
