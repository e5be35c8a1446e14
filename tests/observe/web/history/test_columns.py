"""Thinning keeps extremes and gaps, whatever the order of the samples."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.observe.web.history.columns import DAY, SECOND, WIDTHS, Columns, step_for, whole
from edge_agent.samples import Samples, TimeSpan

WEEK = TimeSpan(1_790_000_000 * SECOND, (1_790_000_000 + 604_800) * SECOND)
MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
PATIENCE = 13 * SECOND  # of a device that is read once a second


def readings(*pairs):
    times, values = zip(*pairs, strict=True) if pairs else ((), ())
    return Samples.of_readings(list(times), list(values))


def windows(seconds, *rows):
    begins, lows, highs = zip(*rows, strict=True)
    return Samples(begins, lows, lows, highs, seconds)


def columns(step, *, since=0, until=DAY, patience=PATIENCE):
    return Columns(TimeSpan(since, until), step, patience)


def rows(found):
    points = found.points()
    return list(zip(points.times, points.lows, points.highs, strict=True))


def test_a_spike_of_one_reading_is_visible_in_the_view_of_a_week():
    step = step_for(WEEK, 1000)
    found = columns(step, since=WEEK.since, until=WEEK.until)
    for begin in range(WEEK.since, WEEK.until, HOUR):
        times = range(begin, begin + HOUR, SECOND)
        found.add(readings(*((time, 20.0) for time in times)))
    found.add(readings((WEEK.since + 123_456 * SECOND + 500_000, 71.5)))
    points = found.points()
    assert len(points.times) <= 1000
    assert (max(points.highs), points.highs.count(71.5), set(points.lows)) == (71.5, 1, {20.0})


SAMPLES = st.lists(st.tuples(st.integers(0, 10_000_000), st.none() | st.floats(-50, 50)))


@given(st.lists(SAMPLES, max_size=5), st.sampled_from([1000, 20_000, SECOND]))
def test_each_column_has_the_extremes_of_its_samples_in_whatever_order_they_come(chunks, step):
    found = columns(step)
    for chunk in chunks:
        found.add(readings(*chunk))
    expected = {}
    for time, value in (pair for chunk in chunks for pair in chunk):
        if value is not None:
            expected.setdefault(time // step, []).append(value)
    drawn = {time // step: (low, high) for time, low, high in rows(found) if low is not None}
    assert drawn == {index: (min(each), max(each)) for index, each in expected.items()}


@given(st.lists(SAMPLES, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_the_samples_does_not_matter(chunks, random):
    one, other = columns(1000, patience=5000), columns(1000, patience=5000)
    for chunk in chunks:
        one.add(readings(*chunk))
    mixed = [pair for chunk in chunks for pair in chunk]
    random.shuffle(mixed)
    other.add(readings(*mixed))
    assert rows(one) == rows(other)


def test_a_column_with_one_reading_has_its_time():
    found = columns(SECOND)
    found.add(readings((1_234_567, 1.0), (2_345_678, 2.0)))
    assert rows(found) == [(1_234_567, 1.0, 1.0), (2_345_678, 2.0, 2.0)]


def test_a_reading_without_a_value_is_a_gap():
    found = columns(SECOND)
    found.add(readings((1 * SECOND, 1.0), (2 * SECOND, None), (3 * SECOND, 3.0)))
    assert rows(found) == [
        (1 * SECOND, 1.0, 1.0),
        (2 * SECOND, None, None),
        (3 * SECOND, 3.0, 3.0),
    ]


def test_a_silence_is_a_gap_as_soon_as_a_value_is_no_longer_current():
    found = columns(SECOND)
    quiet = 5 * SECOND + PATIENCE
    found.add(readings((5 * SECOND, 1.0), (quiet, 1.0), (quiet + PATIENCE + 1, 1.0)))
    assert [low for _, low, _ in rows(found)] == [1.0, 1.0, None, 1.0]


def test_an_absence_too_short_to_be_seen_does_not_break_the_line():
    found = columns(HOUR)
    edge = 2 * HOUR
    found.add(readings((edge - SECOND, 1.0), (edge, None), (edge + SECOND, 1.0)))
    assert [low for _, low, _ in rows(found)] == [1.0, 1.0]


def test_a_silence_too_short_to_be_seen_does_not_break_the_line():
    found = columns(HOUR)
    edge = 2 * HOUR
    found.add(readings((edge - PATIENCE, 1.0), (edge + PATIENCE, 1.0)))
    assert [low for _, low, _ in rows(found)] == [1.0, 1.0]


def test_an_absence_as_long_as_a_column_breaks_the_line():
    found = columns(MINUTE)
    found.add(readings((0, 1.0), (SECOND, None), (2 * MINUTE, 1.0)))
    assert [low for _, low, _ in rows(found)] == [1.0, None, 1.0]


def test_an_absence_before_the_first_value_and_after_the_last_is_no_gap():
    found = columns(SECOND)
    found.add(readings((0, None), (SECOND, 1.0), (2 * SECOND, None)))
    assert rows(found) == [(SECOND, 1.0, 1.0)]


def test_a_window_within_a_column_adds_its_extremes():
    found = columns(HOUR)
    found.add(readings((HOUR, 5.0)))
    found.add(windows(60, (HOUR, 1.0, 9.0), (HOUR + MINUTE, 2.0, 3.0)))
    assert [(low, high) for _, low, high in rows(found)] == [(1.0, 9.0)]


def test_a_window_longer_than_a_column_reaches_over_its_columns_without_a_gap():
    found = columns(20 * SECOND)
    found.add(windows(60, (MINUTE, 1.0, 9.0)))
    assert [(low, high) for _, low, high in rows(found)] == [(1.0, 9.0)] * 3


def test_a_window_is_cut_to_the_span():
    found = columns(MINUTE, since=HOUR, until=HOUR + 2 * MINUTE)
    found.add(windows(86_400, (0, 1.0, 9.0)))
    assert len(rows(found)) == 2


def test_windows_fill_only_columns_that_have_nothing():
    found = columns(20 * SECOND)
    found.add(readings((MINUTE, 5.0)))
    found.fill(windows(60, (MINUTE, 1.0, 9.0), (2 * MINUTE, 2.0, 3.0)))
    assert [(low, high) for _, low, high in rows(found) if low is not None] == [
        (5.0, 5.0),
        *[(2.0, 3.0)] * 3,
    ]


@pytest.mark.parametrize(
    ("seconds", "width", "step"),
    [(604_800, 1000, 12 * MINUTE), (86_400, 1440, MINUTE), (1, 1000, 1000), (1, 10_000, 1000)],
)
def test_as_few_columns_as_are_asked_for_show_a_span(seconds, width, step):
    assert step_for(TimeSpan(0, seconds * SECOND), width) == step


def test_columns_of_ten_years_are_whole_days():
    assert step_for(TimeSpan(0, 3653 * DAY), 1000) == 4 * DAY


def test_each_width_divides_a_day_and_the_next_one_is_at_most_two_and_a_half_times_as_wide():
    assert [DAY % width for width in WIDTHS] == [0] * len(WIDTHS)
    assert all(one < other <= 2.5 * one for one, other in pairwise(WIDTHS))


def test_a_span_grows_to_whole_columns():
    assert whole(TimeSpan(119, 121), 60) == TimeSpan(60, 180)
    assert whole(TimeSpan(120, 180), 60) == TimeSpan(120, 180)
