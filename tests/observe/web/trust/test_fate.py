import pytest

from edge_agent.events import LoggedEvent
from edge_agent.observe.web.trust.fate import KnownEvent, fate
from edge_agent.observe.web.trust.gap_report import GapReport
from edge_agent.observe.web.trust.reached import Reached, when_reached
from edge_agent.store.sink_account import SinkAccount

READING = LoggedEvent(50, 1_000_000, None, None, "reading", "air", "{}")


def account(cursor=60, *, start=10, kinds=("alert", "reading"), configured=True):
    return SinkAccount("far", start, cursor, 0, 0, {}, {}, configured=configured, kinds=kinds)


def gap(reason, *, first=50, last=50):
    return GapReport(70, 9_000_000, reason, 1, ((first, last),), "")


def judged(one, event=READING, gaps=(), reaches=()):
    return fate(one, KnownEvent(50, event, gaps), reaches)


def test_an_event_behind_the_cursor_waits():
    found = judged(account(45))
    assert found.state == "waiting"
    assert "up to offset 45" in found.text
    assert "4 events are before it" in found.text


def test_an_event_that_the_cursor_has_passed_was_delivered_and_its_time_is_not_claimed():
    found = judged(account(60))
    assert (found.state, found.time) == ("delivered", None)
    assert "settled all up to offset 60; the log does not keep when" in found.text


def test_the_time_is_that_of_the_first_move_of_the_cursor_beyond_the_event():
    reaches = [Reached(40, 1), Reached(49, 2), Reached(55, 3), Reached(60, 4)]
    found = judged(account(60), reaches=reaches)
    assert (found.state, found.time) == ("delivered", 3)


def test_a_refusal_names_the_words_of_the_destination_and_the_time_of_the_report():
    found = judged(account(60), gaps=[gap("rejected by far: too large")], reaches=[Reached(50, 3)])
    assert (found.state, found.time) == ("refused", 9_000_000)
    assert found.text.endswith("too large")


def test_what_another_sink_refused_was_delivered_to_this_one():
    assert judged(account(60), gaps=[gap("rejected by farther: too large")]).state == "delivered"


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (account(60, kinds=("alert",)), "does not take events of the kind reading"),
        (account(60, start=50), "before the account of far began"),
        (account(45, configured=False), "no longer names far"),
    ],
)
def test_a_sink_that_does_not_want_an_event_has_no_part_in_it(one, words):
    found = judged(one)
    assert found.state == "unwanted"
    assert words in found.text


def test_an_event_that_the_agent_gave_up_while_a_sink_waited_for_it_is_dropped():
    found = judged(account(45), None, [gap("max_size")])
    assert found.state == "dropped"
    assert found.text.endswith("max_size")


def test_an_event_that_was_given_up_behind_a_cursor_may_have_been_delivered():
    assert judged(account(60), None, [gap("max_size")]).state == "unknown"


def test_an_event_that_the_log_no_longer_has_is_settled_and_no_more_is_claimed():
    assert judged(account(60), None).state == "settled"
    assert judged(account(45), None).state == "unknown"


@pytest.mark.parametrize(
    ("offset", "reached"),
    [(9, None), (10, None), (11, Reached(20, 2)), (20, Reached(20, 2)), (21, None)],
)
def test_a_time_is_known_only_between_two_moves(offset, reached):
    assert when_reached([Reached(10, 1), Reached(20, 2)], offset) == reached


def test_without_moves_no_time_is_known():
    assert when_reached((), 5) is None
