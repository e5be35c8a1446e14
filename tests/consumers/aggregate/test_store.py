"""What a store has after groups of events: readings, windows, and what was done."""

from collections import defaultdict
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumers.aggregate.group import EventGroup
from consumers.aggregate.stores.series_numbers import SeriesNumbers
from consumers.aggregate.windows import Series
from tests.consumers.aggregate.conftest import START, Stored, made

COUNTS = "SELECT length, sum(count)::BIGINT FROM windows GROUP BY length"
LENGTHS = {"1m": 60, "15m": 900, "1h": 3600, "1d": 86_400}
UNSET = {"clock": "unsynchronised", "bootid": 1, "uptime": "5000000"}


@pytest.fixture(params=["duckdb", "postgresql"])
def new_store(request):
    """A function: an empty store of either kind, not yet open."""
    of_kind = {"duckdb": "new_file_store", "postgresql": "new_server_store"}
    return request.getfixturevalue(of_kind[request.param])


def reading(**values):
    return {"values": values, "quality": "good"}


def summary(count, low, mean, high, last):
    return dict(
        zip(("count", "min", "mean", "max", "last"), (count, low, mean, high, last), strict=True)
    )


def aggregate(seconds, more=(), **values):
    return {"seconds": seconds, "values": values, **dict(more)}


def test_a_reading_has_a_row_for_each_channel(stored, event):
    stored.commit(made(event, 1, 2.5, data=reading(temperature=21.5, humidity=40)))
    columns = "node, device, channel, value, log, log_offset"
    assert stored.rows(f"SELECT {columns} FROM readings ORDER BY channel") == [
        ("greenhouse", "air", "humidity", 40.0, "a1b2c3", 1),
        ("greenhouse", "air", "temperature", 21.5, "a1b2c3", 1),
    ]
    assert stored.rows("SELECT DISTINCT time FROM readings") == [
        (START.replace(second=2, microsecond=500_000),)
    ]


def test_windows_have_count_min_mean_max_and_last(stored, event):
    values = [(3, 20.0), (1, 30.0), (61, 25.0)]
    stored.commit(*(made(event, n, s, data=reading(t=v)) for n, (s, v) in enumerate(values, 1)))
    key = "greenhouse", "air", "t"
    assert stored.windows("1m") == [
        (START, *key, 2, 20.0, 25.0, 30.0, 20.0),
        (START.replace(minute=1), *key, 1, 25.0, 25.0, 25.0, 25.0),
    ]
    assert stored.windows("15m") == [(START, *key, 3, 20.0, 25.0, 30.0, 25.0)]
    assert stored.windows("1h") == stored.windows("15m")
    assert stored.windows("1d") == [(START.replace(hour=0), *key, 3, 20.0, 25.0, 30.0, 25.0)]


def test_a_late_event_corrects_its_windows(stored, event):
    stored.commit(
        made(event, 1, 10, data=reading(t=1.0)), made(event, 2, 7000, data=reading(t=9.0))
    )
    stored.commit(made(event, 3, 5, data=reading(t=4.0)))
    assert stored.windows("1m")[0][4:] == (2, 1.0, 2.5, 4.0, 1.0)
    assert stored.windows("1h")[0][4:] == (2, 1.0, 2.5, 4.0, 1.0)


def test_an_event_that_arrives_again_has_no_effect(stored, event):
    one = made(event, 1, data=reading(t=1.0))
    stored.commit(one, one)
    stored.commit(one)
    stored.reopen()
    stored.commit(one)
    assert stored.rows("SELECT count(*) FROM readings") == [(1,)]
    assert set(stored.rows(COUNTS)) == {(length, 1) for length in LENGTHS}


@st.composite
def histories(draw):
    """Readings of two logs, in an order and in groups of any kind, some several times."""
    points = draw(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(0, 200_000), st.floats(0.01, 1000)),
            min_size=1,
            max_size=30,
        )
    )
    known = [(log, n, seconds, value) for n, (log, seconds, value) in enumerate(points)]
    again = draw(st.lists(st.sampled_from(known), max_size=10))
    order = draw(st.permutations(known + again))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=4)))
    return known, [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


def expected(known, length):
    """The windows of one channel, computed from all its readings at once."""
    windows = defaultdict(list)
    for log, n, seconds, value in known:
        windows[(int(START.timestamp()) + seconds) // length, log].append((seconds, n, value))
    rows = []
    for (number, log), found in windows.items():
        values = [value for _, _, value in found]
        low, high = min(values), max(values)
        mean = max(low, min(high, float(sum(map(Fraction, values))) / len(values)))
        start = datetime.fromtimestamp(number * length, UTC)
        last = max(found)[2]
        rows.append((start, log, "air", "t", len(values), low, mean, high, last))
    return sorted(rows)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
def test_windows_are_a_function_of_the_readings_to_the_last_digit(new_store, event, history):
    known, groups = history
    stored = Stored(new_store())
    for group in groups:
        stored.commit(
            *(made(event, n, s, log=log, node=log, data=reading(t=v)) for log, n, s, v in group)
        )
        stored.reopen()
    for name, length in LENGTHS.items():
        assert stored.windows(name) == expected(known, length)
    assert stored.rows("SELECT count(*) FROM readings") == [(len(known),)]
    stored.store.close()


UNIT = 2.0**-60  # of a sum: what is less is cut towards zero
VALUES = st.one_of(
    st.floats(-(2.0**41), 2.0**41), st.sampled_from([0.0, 2.0**40, UNIT, 5e-324, 1e300])
)
CUT = [(60 * n, part * UNIT) for n, part in enumerate((0.75, -0.75, 1.5, -1.5))]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3000), VALUES), min_size=1, max_size=20))
@example(CUT)
def test_the_sums_in_a_store_are_those_of_the_group(new_store, event, points):
    stored, group = Stored(new_store()), EventGroup()
    events = [made(event, n, s, data=reading(t=v)) for n, (s, v) in enumerate(points)]
    stored.commit(*events)
    for each in events:
        group.take(each)
    columns = "length, start, node, device, channel, w.count, sum, min, max, last"
    found = stored.rows(
        f"SELECT {columns}, last_time, last_offset FROM series_windows w JOIN series USING (series)"
    )
    assert sorted(found) == sorted((*window, *sums) for window, sums in group.windows().items())
    stored.store.close()


def test_a_group_that_fails_leaves_nothing(stored, event, monkeypatch):
    def fail(*_):
        raise RuntimeError

    one = made(event, 1, data=reading(t=1.0))
    monkeypatch.setattr(stored.store, "save", fail)
    with pytest.raises(RuntimeError):
        stored.commit(one)
    monkeypatch.undo()
    assert stored.rows("SELECT count(*) FROM readings") == [(0,)]
    stored.reopen()
    stored.commit(one)
    assert stored.rows("SELECT count(*) FROM readings") == [(1,)]


def test_an_event_without_a_true_time_waits_for_it(stored, event):
    untimed = made(event, 5, -1e9, data=reading(t=1.0), **UNSET)
    stored.commit(untimed)
    assert stored.rows("SELECT count(*) FROM readings") == [(0,)]
    assert stored.rows("SELECT log, log_offset FROM untimed") == [("a1b2c3", 5)]
    stored.reopen()
    stored.commit(untimed)
    timed = made(event, 5, 60, data=reading(t=1.0))
    stored.commit(timed)
    stored.commit(timed)
    assert [row[0] for row in stored.windows("1m")] == [START.replace(minute=1)]
    assert stored.rows("SELECT count(*) FROM readings") == [(1,)]
    assert stored.rows("SELECT * FROM untimed") == []


def test_other_events_are_kept_whole(stored, event):
    alert = {"state": "firing", "severity": "warning", "values": {"air.t": 31.5}}
    stored.commit(made(event, 1, kind="alert", subject="hot", data=alert))
    assert stored.rows("SELECT node, kind, version, subject, data->>'state' FROM events") == [
        ("greenhouse", "alert", 1, "hot", "firing")
    ]


def test_a_reading_that_says_more_than_its_values_is_an_event_too(stored, event):
    bad = {"values": {}, "quality": "bad_checksum"}
    part = {"values": {"t": 1.0}, "quality": "good", "refused": {"h": "step"}}
    stored.commit(made(event, 1, data=bad), made(event, 2, data=part), made(event, 3))
    assert stored.rows("SELECT log_offset FROM events ORDER BY 1") == [(1,), (2,)]
    assert stored.rows("SELECT log_offset FROM readings ORDER BY 1") == [(2,), (3,)]


def test_a_version_that_is_not_known_is_kept_as_an_event(stored, event):
    stored.commit(made(event, 1, type="edge.reading.v2", data=[1, 2]))
    assert stored.rows("SELECT kind, version, data::VARCHAR FROM events") == [
        ("reading", 2, "[1,2]")
    ]


def test_the_summary_of_an_agent_counts_in_every_window_that_contains_it(stored, event):
    data = aggregate(900, t=summary(4, 1.0, 2.0, 5.0, 3.0))
    stored.commit(made(event, 1, 0, kind="aggregate", data=data))
    stored.commit(made(event, 2, 1000, data=reading(t=8.0)))
    assert [row[4:] for row in stored.windows("1m")] == [(1, 8.0, 8.0, 8.0, 8.0)]
    assert stored.windows("15m")[0][4:] == (4, 1.0, 2.0, 5.0, 3.0)
    assert stored.windows("1h")[0][4:] == (5, 1.0, 3.2, 8.0, 8.0)


def test_a_summary_across_a_border_counts_only_in_longer_windows(stored, event):
    data = aggregate(120, t=summary(4, 1.0, 2.0, 5.0, 3.0))
    stored.commit(made(event, 1, 840, kind="aggregate", data=data))
    assert [len(stored.windows(length)) for length in LENGTHS] == [0, 0, 1, 1]
    assert stored.rows("SELECT kind FROM events") == [("aggregate",)]


def test_readings_that_were_delivered_and_then_thinned_count_once(stored, event, gap):
    values = [1.0, 2.0, 6.0]
    stored.commit(*(made(event, n, n, data=reading(t=v)) for n, v in enumerate(values[:2], 1)))
    data = aggregate(60, {"thinned": True}, t=summary(3, 1.0, 3.0, 6.0, 6.0))
    stored.commit(
        made(event, 4, kind="aggregate", data=data),
        made(gap, 5, 90, ranges=[[1, 3]], reason="thinned"),
    )
    for length in LENGTHS:
        assert [row[4:] for row in stored.windows(length)] == [(3, 1.0, 3.0, 6.0, 6.0)]
    assert stored.rows("SELECT count(*) FROM readings") == [(2,)]


def test_a_value_beyond_all_measure_is_a_reading_in_no_window(stored, event):
    stored.commit(made(event, 1, data=reading(t=1e300)), made(event, 2, data=reading(t=5)))
    assert stored.rows("SELECT max(value) FROM readings") == [(1e300,)]
    assert stored.windows("1m")[0][4:] == (1, 5.0, 5.0, 5.0, 5.0)


def test_a_time_before_1970_is_an_event_in_no_window(stored, event):
    time = "1969-12-31T23:59:59Z"
    stored.commit(
        made(event, 1, time=time),
        made(
            event,
            2,
            kind="aggregate",
            time=time,
            data=aggregate(60, t=summary(1, 1.0, 1.0, 1.0, 1.0)),
        ),
    )
    assert stored.rows("SELECT count(*) FROM events") == [(2,)]
    assert stored.rows(COUNTS) == []


def test_what_is_too_old_expires_by_resolution(stored, event):
    stored.commit(*(made(event, n, 86_400 * n) for n in (1, 2, 3)))
    stored.store.expire({"readings": START.replace(day=18, hour=0), "1m": START.replace(day=17)})
    assert stored.rows("SELECT log_offset FROM readings") == [(3,)]
    assert [len(stored.windows(length)) for length in LENGTHS] == [2, 3, 3, 3]


def test_a_late_event_still_counts_in_windows_whose_readings_have_expired(stored, event):
    stored.commit(made(event, 1, 10, data=reading(t=1.0)))
    stored.store.expire({"readings": START.replace(day=16)})
    stored.commit(made(event, 2, 20, data=reading(t=3.0)))
    assert stored.windows("1d")[0][4:] == (2, 1.0, 2.0, 3.0, 3.0)


def test_a_name_is_given_once(stored):
    assert stored.store.name("first") == "first"
    stored.reopen()
    assert stored.store.name("second") == "first"


def test_holes_in_the_offsets_are_remembered(stored, event):
    stored.commit(*(made(event, n) for n in (1, 2, 5, 9)))
    stored.commit(*(made(event, n) for n in (3, 4)))
    assert sorted(stored.store.load()) == [("a1b2c3", 1, 5), ("a1b2c3", 9, 9)]
    stored.reopen()
    stored.commit(made(event, 4), made(event, 7))
    assert sorted(stored.store.load()) == [("a1b2c3", 1, 5), ("a1b2c3", 7, 7), ("a1b2c3", 9, 9)]


def test_a_series_keeps_its_number_though_it_was_forgotten(stored, event, monkeypatch):
    monkeypatch.setattr("consumers.aggregate.stores.series_numbers.MOST", 3)
    for n in range(1, 31):
        stored.commit(made(event, n, n, source=f"urn:edge:n{n % 10}", data=reading(t=n)))
    assert stored.rows("SELECT count(*), count(DISTINCT series) FROM series") == [(10, 10)]
    assert [row[4] for row in stored.windows("1d")] == [3] * 10


def test_the_series_that_are_remembered_are_bounded(event, monkeypatch):
    monkeypatch.setattr("consumers.aggregate.stores.series_numbers.MOST", 3)
    found = {}
    numbers = SeriesNumbers(lambda wanted: [(*s, found[s]) for s in wanted if s in found], 0)
    for n in range(1, 31):
        group = EventGroup()
        group.take(made(event, n, source=f"urn:edge:n{n % 10}", data=reading(t=n)))
        found |= {Series(*names): number for number, *names in numbers.new_rows(group, {})}
        assert len(numbers) <= 3
    assert sorted(found.values()) == list(range(10))
