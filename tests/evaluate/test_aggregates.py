import math
from collections import defaultdict
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.evaluate.refine.aggregates import SPANS, Aggregator
from edge_agent.events import Event, Reading
from edge_agent.summary import Summary, decimals_of

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOON = 19_675 * DAY + DAY // 2  # 2023-11-14
LENGTHS = (60.0, 900.0, 3600.0, 86_400.0)


class Site:
    """A thermometer and its aggregator, on clocks that are moved by hand."""

    def __init__(self, *windows, time=NOON, uptime=10 * HOUR, trusted=True):
        self.aggregator = Aggregator("air", windows)
        self.time, self.uptime, self.trusted = time, uptime, trusted
        self.reported = []

    @property
    def now(self):
        return Moment(self.time, self.uptime, self.trusted)

    def measure(self, *values):
        """Measure once a second; None is a reading without values."""
        for value in values:
            given = {} if value is None else {"t": value}
            self.reported += self.aggregator.add(Reading("air", self.now, given))
            self.wait(1)

    def wait(self, seconds):
        self.time += round(seconds * SECOND)
        self.uptime += round(seconds * SECOND)

    def expire(self):
        self.reported += self.aggregator.expire(self.now)

    def flush(self):
        self.reported += self.aggregator.flush()

    @property
    def brief(self):
        """Return what was reported, as (seconds from noon, length, count, partial, late)."""
        return [
            (
                (event.moment.time - NOON) // SECOND,
                event.data["seconds"],
                event.data["values"]["t"]["count"],
                event.data.get("partial", False),
                event.data.get("late", False),
            )
            for event in self.reported
        ]


def test_a_window_that_ended_is_reported_at_the_first_reading_after_it():
    site = Site(60, time=NOON + 15 * SECOND)
    site.measure(20.5, 20.25, 22.0, 20.75)
    site.wait(60)
    assert site.reported == []
    site.measure(30.0)
    values = {"t": {"count": 4, "min": 20.25, "mean": 20.875, "max": 22.0, "last": 20.75}}
    begin = Moment(NOON, 10 * HOUR - 15 * SECOND, trusted=True)
    assert site.reported == [Event("aggregate", "air", begin, {"seconds": 60, "values": values})]


def test_a_window_ends_when_time_passes_and_not_before():
    site = Site(60)
    site.measure(20)
    site.wait(58.999999)
    site.expire()
    assert site.brief == []
    site.wait(0.000001)
    site.expire()
    assert site.brief == [(0, 60, 1, False, False)]


def test_a_window_is_reported_once():
    site = Site(60)
    site.measure(20)
    site.wait(60)
    for _ in range(3):
        site.expire()
    site.flush()
    assert site.brief == [(0, 60, 1, False, False)]


def test_a_reading_at_the_end_belongs_to_the_next_window():
    site = Site(60)
    site.measure(20)
    site.wait(59)
    site.measure(21)
    site.flush()
    assert site.brief == [(0, 60, 1, False, False), (60, 60, 1, True, False)]


def test_each_channel_has_its_own_aggregate():
    aggregator = Aggregator("air", [60])
    for n, values in enumerate([{"t": 20.0, "h": 40.0}, {"t": 21.0}]):
        aggregator.add(Reading("air", Moment(NOON + n, n, trusted=True), values))
    (event,) = aggregator.flush()
    assert event.data["values"] == {
        "t": {"count": 2, "min": 20.0, "mean": 20.5, "max": 21.0, "last": 21.0},
        "h": {"count": 1, "min": 40.0, "mean": 40.0, "max": 40.0, "last": 40.0},
    }


def test_readings_without_values_are_reported_as_missing():
    site = Site(60)
    site.measure(None, 20, None)
    site.flush()
    assert [event.data["missing"] for event in site.reported] == [2]


def test_a_window_without_any_value_makes_no_event_and_leaves_nothing_to_the_next():
    site = Site(60)
    site.measure(None, None)
    site.wait(60)
    site.measure(20)
    site.flush()
    assert site.brief == [(60, 60, 1, True, False)]
    assert "missing" not in site.reported[0].data


def test_windows_that_end_together_come_oldest_first():
    site = Site(60, 3600, 900, time=NOON - 2 * SECOND)
    site.measure(20, 21)
    site.expire()
    assert site.brief == [
        (-3600, 3600, 2, False, False),
        (-900, 900, 2, False, False),
        (-60, 60, 2, False, False),
    ]


def test_a_length_that_is_given_twice_counts_once():
    site = Site(60, 60.0)
    site.measure(20)
    site.flush()
    assert site.brief == [(0, 60, 1, True, False)]


def test_midnight_in_utc_parts_the_days():
    site = Site(86_400, time=NOON + DAY // 2 - SECOND)
    site.measure(20, 21)
    site.flush()
    half = 12 * 3600
    assert site.brief == [(-half, 86_400, 1, False, False), (half, 86_400, 1, True, False)]


def test_a_window_that_began_before_the_boot_began_at_a_negative_uptime():
    site = Site(3600, time=NOON + 600 * SECOND, uptime=20 * SECOND)
    site.measure(20)
    site.flush()
    assert site.reported[0].moment == Moment(NOON, -580 * SECOND, trusted=True)


def test_while_the_clock_is_not_trusted_windows_lie_on_uptime():
    site = Site(60, time=1000, uptime=70 * SECOND, trusted=False)
    site.measure(20)
    site.time -= 5 * HOUR  # means nothing
    site.measure(20)
    site.wait(48)
    site.expire()
    assert [event.moment for event in site.reported] == [
        Moment(1000 - 10 * SECOND, 60 * SECOND, trusted=False)
    ]
    assert site.reported[0].data["values"]["t"]["count"] == 2
    assert "partial" not in site.reported[0].data


def become_trusted(site):
    site.time, site.trusted = NOON + 90 * SECOND, True


@pytest.mark.parametrize("ends", [Site.expire, lambda site: site.measure(21)])
def test_an_untrusted_window_ends_as_partial_when_the_clock_becomes_trusted(ends):
    site = Site(60, time=0, uptime=70 * SECOND, trusted=False)
    site.measure(20)
    become_trusted(site)
    ends(site)
    assert [event.moment.uptime for event in site.reported] == [60 * SECOND]
    assert site.reported[0].data["partial"]
    assert not site.reported[0].moment.trusted


def test_an_untrusted_window_whose_time_was_over_is_not_partial():
    site = Site(60, time=0, uptime=70 * SECOND, trusted=False)
    site.measure(20)
    site.wait(49)
    become_trusted(site)
    site.expire()
    assert [event.data.get("partial") for event in site.reported] == [None]


def test_an_aligned_window_begins_when_the_clock_becomes_trusted():
    site = Site(60, time=0, uptime=70 * SECOND, trusted=False)
    site.measure(20)
    become_trusted(site)
    site.measure(21)
    site.flush()
    assert site.reported[1].moment == Moment(NOON + 60 * SECOND, 41 * SECOND, trusted=True)
    assert "late" not in site.reported[1].data


def test_a_clock_that_steps_forward_ends_the_window_as_usual():
    site = Site(60)
    site.measure(20)
    site.time += 7 * HOUR
    site.measure(21)
    assert site.brief == [(0, 60, 1, False, False)]


def test_a_clock_that_steps_within_a_window_changes_nothing():
    site = Site(60, time=NOON + 30 * SECOND)
    site.measure(20)
    site.time -= 20 * SECOND
    site.measure(21)
    site.time += 40 * SECOND
    site.measure(22)
    site.flush()
    assert site.brief == [(0, 60, 3, True, False)]


def test_a_clock_that_steps_back_ends_the_window_as_partial_also_without_readings():
    site = Site(60)
    site.measure(20)
    site.time = NOON
    site.expire()
    assert site.brief == []
    site.time = NOON - 1
    site.expire()
    assert site.brief == [(0, 60, 1, True, False)]


def test_windows_that_come_again_after_a_leap_back_are_late():
    site = Site(60)
    site.measure(20)
    site.wait(59)
    site.measure(21)
    site.time -= 61 * SECOND
    site.measure(22)
    site.wait(59)
    site.measure(23)
    site.wait(59)
    site.measure(24)
    site.flush()
    assert site.brief == [
        (0, 60, 1, False, False),
        (60, 60, 1, True, False),
        (0, 60, 1, False, True),
        (60, 60, 1, False, True),
        (120, 60, 1, True, False),
    ]


def test_after_a_leap_of_hours_back_windows_are_late_until_the_time_is_new_again():
    site = Site(60)
    for n in range(380):
        if n == 180:
            site.time -= 3 * HOUR
        site.measure(20)
        site.wait(59)
    site.flush()
    late = [event.data.get("late", False) for event in site.reported]
    assert late == [False] * 180 + [True] * 180 + [False] * 20


def test_a_long_stay_in_the_future_makes_no_window_of_the_present_late():
    site = Site(60)
    for step in (0, 10_000 * DAY, -10_000 * DAY):
        site.time += step
        for _ in range(200):
            site.measure(20)
            site.wait(59)
    site.flush()
    assert not any(event.data.get("late") for event in site.reported)


def test_a_reported_window_is_never_forgotten_however_often_windows_were_left_out():
    site = Site(60)
    begins = [n * (n + 3) * 60 for n in range(3 * SPANS)]
    for begin in begins * 2:
        site.time = NOON + begin * SECOND
        site.measure(20)
    site.flush()
    late = [(begin, late) for begin, _, _, _, late in site.brief]
    assert late == [(b, False) for b in begins] + [(b, True) for b in begins]


@pytest.mark.parametrize(
    "values, mean",
    [
        ([68.67, 68.67, 68.69], 68.6767),
        ([1.0, 0.0, 0.0], 0.33),
        ([1e-7, 2e-7, 2e-7], 1.67e-7),
        ([651.0, 652.0, 652.0], 651.67),
        ([1e16, 3e16, 3e16], 7e16 / 3),
    ],
)
def test_a_mean_of_three_values_has_two_decimals_more_than_they(values, mean):
    site = Site(60)
    site.measure(*values)
    site.flush()
    assert site.reported[0].data["values"]["t"]["mean"] == pytest.approx(mean, rel=1e-12)


def test_the_sum_loses_no_digits():
    site = Site(60)
    site.measure(1.0, 1e100, 1.0, -1e100)
    site.flush()
    assert site.reported[0].data["values"]["t"]["mean"] == 0.5


@pytest.mark.parametrize("count, value", [(3, 0.1), (9, 0.9)])
def test_the_mean_of_equal_values_is_their_value_though_the_division_rounds(count, value):
    assert count * value / count != value
    site = Site(60)
    site.measure(*[value] * count)
    site.flush()
    assert site.reported[0].data["values"]["t"]["mean"] == value


def test_a_sum_beyond_all_floats_leaves_the_mean_between_min_and_max():
    site = Site(60)
    site.measure(1e308, 1.5e308)
    site.flush()
    assert 1e308 <= site.reported[0].data["values"]["t"]["mean"] <= 1.5e308


VALUE = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
STEPS = st.one_of(
    st.just(0),
    st.integers(-3 * SECOND, 3 * SECOND),
    st.sampled_from([sign * HOUR // n for n in (60, 4, 1) for sign in (-1, 1)]),
    st.integers(-2 * DAY, 2 * DAY),
)
PAUSES = st.one_of(
    st.integers(0, 20 * SECOND), st.integers(0, 2 * HOUR), st.just(0), st.just(60 * SECOND)
)
TRUST = st.one_of(st.just(value=True), st.booleans())
VALUES = st.dictionaries(st.sampled_from("thp"), VALUE)
MEASURED = st.one_of(VALUES, st.none())  # None: time is looked at, without a reading


@st.composite
def lives(draw):
    """Draw moments, and what was measured at each, on clocks of which only uptime is sound."""
    series, time, uptime = [], draw(st.integers(0, 4 * NOON)), draw(st.integers(0, DAY))
    steps = st.lists(st.tuples(PAUSES, STEPS, TRUST, MEASURED), max_size=30)
    for pause, step, trusted, values in draw(steps):
        time, uptime = time + pause + step, uptime + pause
        series.append((Moment(time, uptime, trusted), values))
    return series


def reported(series):
    """Return each event with those readings that came since the last one of its length."""
    aggregator, pairs = Aggregator("air", LENGTHS), []
    waiting = {length: [] for length in LENGTHS}

    def take(events):
        for event in events:
            pairs.append((event, waiting[event.data["seconds"]]))
            waiting[event.data["seconds"]] = []

    for moment, values in series:
        if values is None:
            take(aggregator.expire(moment))
            continue
        reading = Reading("air", moment, values)
        take(aggregator.add(reading))
        for each in waiting.values():
            each.extend([reading] if values else [])
    take(aggregator.flush())
    assert not any(waiting.values())
    return pairs


def position(moment):
    return moment.time if moment.trusted else moment.uptime


@given(lives())
def test_whatever_the_clock_does_each_reading_is_counted_once_in_each_length(series):
    for event, readings in reported(series):
        counts = {name: one["count"] for name, one in event.data["values"].items()}
        names = [name for reading in readings for name in reading.values]
        assert counts == {name: names.count(name) for name in names}


@given(lives())
def test_each_reading_lies_within_the_window_that_counted_it(series):
    for event, readings in reported(series):
        begin = position(event.moment)
        for moment in (reading.moment for reading in readings):
            assert moment.trusted == event.moment.trusted
            assert 0 <= position(moment) - begin < event.data["seconds"] * SECOND


@given(lives())
def test_windows_begin_at_whole_multiples_of_their_length_on_their_clock(series):
    for event, _ in reported(series):
        assert position(event.moment) % (event.data["seconds"] * SECOND) == 0


@given(lives())
def test_windows_that_are_reported_together_come_oldest_first(series):
    aggregator = Aggregator("air", LENGTHS)
    for moment, values in series:
        events = aggregator.add(Reading("air", moment, values or {}))
        begins = [position(event.moment) for event in events]
        assert begins == sorted(begins)


@given(lives())
def test_a_window_reported_before_is_late_and_another_only_after_many_breaks(series):
    before = defaultdict(set)
    for event, _ in reported(series):
        begins = before[event.data["seconds"], event.moment.trusted]
        late, begin = event.data.get("late", False), position(event.moment)
        assert late == (begin in begins) or (late and len(begins) > SPANS)
        begins.add(begin)


@given(lives())
def test_the_aggregates_are_those_of_the_values_counted(series):
    for event, readings in reported(series):
        for name, one in event.data["values"].items():
            values = [each.values[name] for each in readings if name in each.values]
            assert (one["min"], one["max"], one["last"]) == (min(values), max(values), values[-1])
            assert one["min"] <= one["mean"] <= one["max"]
            exact = sum(map(Fraction, values)) / len(values)
            largest = max(map(abs, values))  # values of 30 digits' difference are no measurement
            digits = max(decimals_of(one[which]) for which in ("min", "max", "last"))
            rounding = 0.1 * 10.0**-digits / len(values)
            assert math.isclose(
                one["mean"], exact, rel_tol=1e-9, abs_tol=max(largest * 1e-28, rounding)
            )


def test_a_mean_says_of_a_thousand_values_that_one_was_another():
    summary = Summary()
    for value in [0.0] * 999 + [1.0]:
        summary.count(value)
    assert summary.as_dict()["mean"] == 0.001
