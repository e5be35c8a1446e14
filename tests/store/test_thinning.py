"""A full log thins what waits before it drops any of it."""

import json
import math
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.events import KINDS, CursorMove, Event, LoggedEvent, Reading, Subscription
from edge_agent.store.retention import SEEN, THIN_SLICE, Retention
from edge_agent.store.thinning import MINUTE, thin
from edge_agent.store.time_repair import TimeRepair

SECOND = 1_000_000
FULL = Retention(3600, 30_000)  # a log of a few thousand readings is far too large


def reading(device, second, value, *, trusted=True, boot=0):
    moment = Moment(boot * 10**12 + second * SECOND, second * SECOND, trusted)
    return Reading(device, moment, {"value": value} if value is not None else {}).event()


def record(log, events, boot=""):
    with log.transaction():
        return log.append(events, boot=boot)


def own(log, offset, sink="mqtt"):
    kinds = {
        row[0]: frozenset(json.loads(row[1]))
        for row in log.execute("SELECT sink, kinds FROM account")
    }
    with log.transaction():
        log.account.move(CursorMove(sink, offset, {}, kinds[sink]))


def step(log, clock, policy=FULL):
    return policy.trim(log, clock.now(), clock.now().time)


def of(reader, *kinds):
    return reader.read_kinds(set(kinds), 0, 10**9, 10**6)


def aggregates(reader):
    return [json.loads(event.data) for event in of(reader, "aggregate")]


def test_the_oldest_waiting_readings_become_aggregates_that_are_marked(log, reader, clock):
    record(log, [reading("air", n, float(n % 60)) for n in range(600)])
    assert step(log, clock)
    first, *others = of(reader, "aggregate")
    assert json.loads(first.data) == {
        "seconds": 60,
        "values": {"value": {"count": 60, "min": 0, "mean": 29.5, "max": 59, "last": 59}},
        "thinned": True,
    }
    assert [first.time, *(one.time for one in others)] == [n * MINUTE for n in range(9)]
    assert first.offset > 600
    assert [one.offset for one in of(reader, "reading")] == list(range(541, 601)), "under way"


def test_thinned_readings_are_in_the_account_and_in_a_gap_event(log, reader, clock):
    record(log, [reading("air", n, 1.0) for n in range(300)])
    step(log, clock)
    (gap,) = of(reader, "gap")
    assert json.loads(gap.data) == {"reason": "thinned", "count": 240, "ranges": [[1, 240]]}
    account = reader.accounts()["mqtt"]
    assert account.dropped == {"thinned": 240}
    assert (account.waiting, account.recorded) == (60 + 4 + 1, 300 + 4 + 1)


@pytest.mark.parametrize("saved", ['"noon"', "{", "1e99", str(10**30)])
def test_a_place_that_was_never_reached_is_not_gone_on_from(log, reader, clock, saved):
    record(log, [reading("air", n, 1.0) for n in range(285)])
    with log.transaction():
        log.save_state(SEEN, saved)
    step(log, clock)
    log.save_state(SEEN, "0")
    step(log, clock)
    assert reader.accounts()["mqtt"].dropped == {"thinned": 240}


def test_readings_are_dropped_only_when_none_is_left_to_thin(log, reader, clock):
    record(log, [reading("air", n, 1.0) for n in range(9000)])
    before = 9000
    while step(log, clock):
        dropped = reader.accounts()["mqtt"].dropped
        left = len(of(reader, "reading"))
        assert "max_size" not in dropped or left <= 60
        assert left <= before
        before = left


def test_aggregates_are_never_thinned_again(log, reader, clock):
    record(log, [reading("air", n, 1.0) for n in range(9000)])
    seen = []
    while step(log, clock):
        seen += [one["values"]["value"]["count"] for one in aggregates(reader)]
    assert set(seen) == {60}


def test_a_device_that_is_slow_keeps_its_readings_beside_a_fast_one(log, reader, clock):
    events = [reading("air", n, 1.0) for n in range(1800)]
    slow = [reading("tank", n, 2.0) for n in range(0, 1800, 60)]
    record(log, sorted([*events, *slow], key=lambda event: event.moment.time))
    policy = Retention(3600, 60_000)
    step(log, clock, policy)
    assert {event.source for event in of(reader, "aggregate")} == {"air"}
    assert sum(event.source == "tank" for event in of(reader, "reading")) == 30
    assert reader.accounts()["mqtt"].dropped == {"thinned": 1740}


def test_slow_readings_that_were_looked_at_do_not_hold_up_the_others(log, reader, clock):
    slow = [reading("tank", 60 * n, 2.0) for n in range(THIN_SLICE * 3)]
    begin = 60 * len(slow)
    record(log, [*slow, *(reading("air", begin + n, 1.0) for n in range(600))])
    step(log, clock)
    assert {event.source for event in of(reader, "aggregate")} == {"air"}
    assert reader.accounts()["mqtt"].dropped == {"thinned": 540}
    assert int(log.saved_state(SEEN)) >= len(slow)


def test_more_readings_in_a_minute_than_in_a_slice_are_thinned_in_parts_that_add_up(
    log, reader, clock
):
    moments = [Moment(n * 1000, n * 1000, trusted=True) for n in range(3 * THIN_SLICE)]
    record(log, [Reading("fast", moment, {"value": 1.0}).event() for moment in moments])
    while step(log, clock, Retention(3600, 60_000)):
        pass
    found = aggregates(reader)
    assert len(found) > 1
    left = len(of(reader, "reading"))
    assert sum(one["values"]["value"]["count"] for one in found) + left == 3 * THIN_SLICE


def test_what_no_sink_with_both_kinds_waits_for_is_not_thinned(log, reader, clock):
    readings = frozenset(KINDS) - {"aggregate"}
    with log.transaction():
        log.account.register([Subscription("all"), Subscription("no aggregates", readings)], 0)
    record(log, [reading("air", n, 1.0) for n in range(1200)])
    own(log, 1200, "all")
    while step(log, clock):
        pass
    assert aggregates(reader) == []
    account = reader.accounts()["no aggregates"]
    assert account.dropped["max_size"] > 0
    assert "thinned" not in account.dropped


def test_a_sink_that_has_the_readings_gets_the_aggregates_as_well(log, reader, clock):
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("fast")], 0)
    record(log, [reading("air", n, 1.0) for n in range(300)])
    own(log, 300, "fast")
    step(log, clock)
    assert reader.accounts()["fast"].dropped == {}
    assert reader.accounts()["fast"].waiting == 4 + 1
    assert reader.accounts()["mqtt"].dropped == {"thinned": 240}


def test_a_sink_of_readings_alone_loses_those_that_are_thinned_for_another(log, reader, clock):
    readings = frozenset(KINDS) - {"aggregate"}
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("readings", readings)], 0)
    record(log, [reading("air", n, 1.0) for n in range(300)])
    step(log, clock)
    account = reader.accounts()["readings"]
    assert account.dropped == {"thinned": 240}
    assert (account.waiting, account.recorded) == (60 + 1, 300 + 1)


def test_faults_are_counted_and_a_device_without_any_value_does_not_vanish(log, reader, clock):
    record(log, [reading("air", n, None if n % 2 else 1.0) for n in range(120)])
    record(log, [reading("dead", 120 + n, None) for n in range(120)])
    step(log, clock, Retention(3600, 10_000))
    found = [(event.source, json.loads(event.data)) for event in of(reader, "aggregate")]
    assert [(source, data["missing"]) for source, data in found] == [
        ("air", 30),
        ("air", 30),
        ("dead", 60),
    ]
    assert found[-1][1]["values"] == {}


def test_readings_of_untrusted_clocks_are_not_mixed_and_get_their_time_later(log, reader, clock):
    events = [reading("air", n, 1.0, trusted=False) for n in range(120)]
    record(log, events, boot="before")
    record(log, events)
    record(log, [reading("air", 120 + n, 1.0) for n in range(240)])
    step(log, clock)
    rows = of(reader, "aggregate")
    assert [(row.boot, row.uptime) for row in rows[:4]] == [
        (1, 0),
        (1, MINUTE),
        (2, 0),
        (2, MINUTE),
    ]
    assert {json.loads(row.data)["values"]["value"]["count"] for row in rows} == {60}
    with log.transaction():
        TimeRepair().step(log, Moment(10**15, 3600 * SECOND, trusted=True))
    repaired = [row.time for row in of(reader, "aggregate") if row.boot is None]
    assert repaired[:2] == [10**15 - 3600 * SECOND, 10**15 - 3600 * SECOND + MINUTE]


def test_a_count_never_falls(log, reader, clock):
    record(log, [reading("rain", n, n * 0.2) for n in range(100)])
    record(log, [reading("air", 200 + n, 1.0) for n in range(300)])
    step(log, clock)
    assert all(event.source == "air" for event in of(reader, "reading"))
    assert reader.latest_values("rain") == {"value": 99 * 0.2}


@pytest.mark.parametrize("killed_at", ["INSERT INTO event", "DELETE", "saved_state", "UPDATE"])
def test_a_step_that_fails_changes_nothing_and_the_next_one_thins(
    log, reader, clock, killed_at, monkeypatch
):
    record(log, [reading("air", n, 1.0) for n in range(300)])
    before = (of(reader, *KINDS), reader.accounts())

    def fail(*_):
        raise OSError("killed")

    name = {"DELETE": "execute", "saved_state": "save_state", "UPDATE": "append"}
    with monkeypatch.context() as patch:
        patch.setattr(log, name.get(killed_at, "insert"), fail) if killed_at != "DELETE" else (
            patch.setattr("edge_agent.store.tally.DELETE", "DELETE FROM nothing WHERE ")
        )
        with pytest.raises(Exception, match=r"killed|nothing"):
            step(log, clock)
    assert (of(reader, *KINDS), reader.accounts()) == before
    assert step(log, clock)
    assert len(aggregates(reader)) == 4


def test_a_reading_of_an_unknown_form_is_left_as_it_is(log, reader, clock):
    record(log, [Event("reading", "odd", Moment(n * SECOND, 0, True), {"n": n}) for n in range(90)])
    record(log, [reading("air", 90 + n, 1.0) for n in range(200)])
    step(log, clock)
    assert sum(event.source == "odd" for event in of(reader, "reading")) == 90


VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.none()
SERIES = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 400), VALUES), min_size=1, max_size=80
)


@settings(deadline=None)
@given(SERIES, st.booleans())
def test_each_reading_is_either_left_or_counted_in_one_aggregate_of_its_minute(series, more):
    rows = [
        LoggedEvent(
            n,
            second * SECOND,
            None,
            None,
            "reading",
            device,
            json.dumps({"values": {} if value is None else {"v": value}}),
        )
        for n, (device, second, value) in enumerate(series, 1)
    ]
    found = thin(rows, 0, more=more)
    wanted = defaultdict(list)
    for row in found.thinned:
        wanted[row.source, row.time // MINUTE].append(json.loads(row.data)["values"].get("v"))
    for time, _boot, _uptime, _kind, source, data in found.aggregates:
        values = wanted.pop((source, time // MINUTE))
        known = [value for value in values if value is not None]
        said = json.loads(data)
        assert said.get("missing", 0) == len(values) - len(known)
        if known:
            summary = said["values"]["v"]
            assert (summary["count"], summary["last"]) == (len(known), known[-1])
            assert (summary["min"], summary["max"]) == (min(known), max(known))
            assert math.isclose(summary["mean"], math.fsum(known) / len(known), abs_tol=1e-6)
    assert wanted == {}
    assert {row.offset for row in rows if row.offset > found.upto} <= {row.offset for row in rows}
