"""The judge must find every kind of harm, or a clean table proves nothing."""

import json

import pytest

from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store.sink_account import SinkAccount
from tests.torture.judge import Judge, LogSnapshot, _audited
from tests.torture.listeners import Arrival

ALL = {"mqtt": frozenset(KINDS)}


def logged(offset, data=None, kind="reading"):
    return LoggedEvent(
        offset, offset % 60 * 1_000_000, None, None, kind, "air", json.dumps(data or {"n": offset})
    )


def arrival(offset, data=None, kind="reading", log="a"):
    body = {"type": f"edge.{kind}.v1", "subject": "air", "data": data or {"n": offset}}
    body["time"] = f"1970-01-01T00:00:{offset % 60:02d}Z"
    return Arrival(1.0, log, offset, body)


def account(cursor, delivered, waiting, **given):
    empty = {"start": 0, "refused": {}, "dropped": {}, "configured": True}
    return SinkAccount("mqtt", cursor=cursor, delivered=delivered, waiting=waiting, **empty | given)


def judged(events, arrivals, found, last=0, kinds=ALL, may_refuse=False):
    by_offset = {event.offset: event for event in events}
    log = LogSnapshot("a", last or max(by_offset), by_offset, {"mqtt": found})
    judge = Judge(log, {"mqtt": arrivals})
    (verdict,) = judge.verdicts(kinds, may_refuse=may_refuse)
    return judge, verdict


def lost(verdict):
    return {offset for _, offset in verdict.lost}


def test_what_has_arrived_or_waits_is_not_lost():
    events = [logged(n) for n in (1, 2, 3)]
    _, verdict = judged(events, [arrival(1), arrival(2)], account(2, 2, 1))
    assert (lost(verdict), verdict.at_stake, verdict.adds_up) == (set(), 3, True)


def test_what_the_cursor_has_passed_and_did_not_arrive_is_lost():
    events = [logged(n) for n in (1, 2, 3)]
    _, verdict = judged(events, [arrival(1), arrival(3)], account(3, 3, 0))
    assert (lost(verdict), verdict.adds_up) == ({2}, False)


def test_an_offset_that_was_given_and_is_nowhere_is_lost():
    _, verdict = judged([logged(1), logged(4)], [arrival(1)], account(1, 1, 1))
    assert lost(verdict) == {2, 3}


def test_the_last_offsets_are_lost_too():
    _, verdict = judged([logged(1)], [arrival(1)], account(2, 1, 0), last=2)
    assert lost(verdict) == {2}


def test_what_another_log_had_and_did_not_arrive_is_lost():
    arrivals = [arrival(3, log="old"), arrival(1)]
    _, verdict = judged([logged(1)], arrivals, account(1, 1, 0))
    assert verdict.lost == {("old", 1), ("old", 2)}


@pytest.mark.parametrize(
    ("reason", "may_refuse", "excused"),
    [
        ("max_size", False, True),
        ("rejected by mqtt: x", True, True),
        ("rejected by mqtt: x", False, False),
        ("rejected by cloud: x", True, False),
    ],
)
def test_a_gap_event_excuses_what_it_names_if_it_concerns_the_sink(reason, may_refuse, excused):
    gap = {"reason": reason, "count": 1, "ranges": [[2, 2]]}
    events = [logged(1), logged(3, gap, "gap")]
    arrivals = [arrival(1), arrival(3, gap, "gap")]
    found = account(3, 2, 0, dropped={"max_size": 1})
    _, verdict = judged(events, arrivals, found, may_refuse=may_refuse)
    assert (lost(verdict), verdict.named) == ((set(), 1) if excused else ({2}, 0))


def test_a_reading_with_a_second_id_was_recorded_twice():
    events = [logged(1), logged(61, {"n": 1})]
    arrivals = [arrival(1), arrival(61, {"n": 1})]
    judge, _ = judged(events, arrivals, account(61, 2, 0))
    assert (judge.twice, judge.contradictory) == (1, set())


def test_a_gap_event_that_did_not_arrive_excuses_nothing():
    gap = {"reason": "max_size", "count": 1, "ranges": [[2, 2]]}
    events = [logged(1), logged(3, gap, "gap")]
    _, verdict = judged(events, [arrival(1)], account(3, 2, 0))
    assert lost(verdict) == {2, 3}


def test_a_kind_that_the_sink_does_not_want_is_not_missed():
    events = [logged(1), logged(2, kind="output")]
    wanted = {"mqtt": frozenset({"reading"})}
    _, verdict = judged(events, [arrival(1)], account(2, 1, 0), kinds=wanted)
    assert (lost(verdict), verdict.adds_up) == (set(), True)


def test_the_hole_of_a_salvage_was_never_given():
    hole = {"reason": "damaged", "count": 0, "ranges": [[2, 2_000_000]], "log": "a"}
    events = [logged(1), logged(2_000_001, hole, "gap")]
    arrivals = [arrival(1), arrival(2_000_001, hole, "gap")]
    _, verdict = judged(events, arrivals, account(2_000_001, 2, 0))
    assert (lost(verdict), verdict.adds_up) == (set(), True)


def test_an_id_with_two_contents_is_found_between_two_arrivals_and_beside_the_log():
    judge, _ = judged([logged(1)], [arrival(1), arrival(1, {"n": 7})], account(1, 1, 0))
    assert judge.contradictory == {("a", 1)}
    judge, _ = judged([logged(1)], [arrival(1, {"n": 7})], account(1, 1, 0))
    assert judge.contradictory == {("a", 1)}


def test_what_arrives_first_behind_a_later_event_is_reordered_and_twice_is_duplicated():
    events = [logged(n) for n in (1, 2)]
    _, verdict = judged(events, [arrival(2), arrival(1), arrival(2)], account(2, 2, 0))
    assert (verdict.reordered, verdict.duplicated, verdict.contradictory) == (1, 1, 0)


@pytest.mark.parametrize("delivered", [1, 3])
def test_an_account_that_counts_too_few_or_too_many_does_not_add_up(delivered):
    events = [logged(n) for n in (1, 2)]
    _, verdict = judged(events, [arrival(1), arrival(2)], account(2, delivered, 0))
    assert not verdict.adds_up


def whole(offset):
    """Return an arrival as a broker delivers it, which the product's audit can read, too."""
    one = arrival(offset)
    return one._replace(body=one.body | {"id": f"a:{offset}", "source": "urn:edge:n"})


@pytest.mark.parametrize(("kinds", "missed"), [(KINDS, {("a", 2)}), (["reading"], set())])
def test_the_products_own_audit_is_heard_where_every_kind_is_wanted(kinds, missed):
    assert _audited([whole(1), whole(3)], frozenset(kinds)) == missed
