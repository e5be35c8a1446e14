"""What is imported into Home Assistant's statistics: hours, rows and units, without a server."""

import json

import pytest

from edge_agent.deliver.home_assistant.conversion import Conversion, conversion
from edge_agent.deliver.home_assistant.hours import HOUR, ChannelHours, HourValues
from edge_agent.deliver.home_assistant.recorder import StatisticRow
from edge_agent.deliver.home_assistant.rows import mean_rows, missing_hours, sum_rows
from edge_agent.events import LoggedEvent

FIRST = 490_000  # hours since 1970: 2025-11-24T16:00Z
SAME = Conversion()


def reading(minutes, **values):
    time = FIRST * HOUR + round(minutes * 60e6)
    return LoggedEvent(1, time, None, None, "reading", "air", json.dumps({"values": values}))


def aggregate(minutes, seconds, *, thinned=False, **window):
    data = {"seconds": seconds, "values": {"temperature": window}, "thinned": thinned}
    time = FIRST * HOUR + round(minutes * 60e6)
    return LoggedEvent(1, time, None, None, "aggregate", "air", json.dumps(data))


def window(count, value):
    return {"count": count, "min": value - 1, "mean": value, "max": value + 1, "last": value}


def hours_of(*events, hours=2):
    found = ChannelHours({"air"}, FIRST, FIRST + hours)
    for event in events:
        found.add(event)
    return found.of("air", "temperature")


def row(hour, **values):
    return StatisticRow(hour * 3600e3, **values)


def values(*, last, mean=0.0):
    return HourValues(1, mean - 1, mean, mean + 1, last, 0)


def test_an_hour_has_mean_least_greatest_and_last_of_its_readings():
    found = hours_of(reading(1, temperature=10), reading(59, temperature=13))
    assert found == {FIRST: HourValues(2, 10, 11.5, 13, 13, reading(59).time)}


def test_readings_are_counted_in_the_hour_in_which_they_were_measured():
    found = hours_of(reading(59.999, temperature=1), reading(60, temperature=2))
    assert {hour: one.mean for hour, one in found.items()} == {FIRST: 1, FIRST + 1: 2}


@pytest.mark.parametrize("minutes", [-0.001, 120])
def test_what_lies_outside_of_the_hours_is_not_counted(minutes):
    assert hours_of(reading(minutes, temperature=1)) == {}


def test_other_devices_and_channels_are_not_counted():
    other = reading(1, temperature=1)._replace(source="soil")
    assert hours_of(other, reading(1, humidity=1)) == {}


def test_an_event_whose_time_is_not_known_is_not_counted():
    assert hours_of(reading(1, temperature=1)._replace(boot=1, uptime=5)) == {}


def test_an_event_of_an_older_version_is_not_counted():
    odd = reading(1)._replace(data='{"value": 3}')
    assert hours_of(odd, reading(2, temperature=1))[FIRST].count == 1


def test_what_was_thinned_is_counted_together_with_the_readings_that_are_left():
    thinned = aggregate(0, 60, thinned=True, **window(3, 10))
    found = hours_of(thinned, reading(1, temperature=14))[FIRST]
    assert (found.count, found.min, found.mean, found.max, found.last) == (4, 9, 11, 14, 14)


def test_with_a_dead_band_the_windows_are_taken_that_counted_every_reading():
    found = hours_of(reading(1, temperature=99), aggregate(0, 900, **window(9, 10)))
    assert found[FIRST].mean == 10


def test_windows_that_counted_less_than_there_are_readings_are_not_taken():
    readings = [reading(minutes, temperature=20) for minutes in (1, 2, 3)]
    assert hours_of(aggregate(0, 900, **window(2, 10)), *readings)[FIRST].mean == 20


def test_windows_of_one_length_are_weighted_by_their_counts():
    windows = [aggregate(0, 900, **window(1, 10)), aggregate(15, 900, **window(3, 20))]
    assert hours_of(*windows)[FIRST].mean == 17.5


def test_a_window_that_is_longer_than_an_hour_says_nothing_of_one():
    assert hours_of(aggregate(0, 21_600, **window(9, 10))) == {}


def test_hours_that_are_not_kept_are_missing():
    kept = [row(FIRST), row(FIRST + 2)]
    assert missing_hours(range(FIRST, FIRST + 3), kept, ()) == [FIRST + 1]


@pytest.mark.parametrize(("parts", "missing"), [(0, []), (1, [FIRST]), (11, [FIRST]), (12, [])])
def test_an_hour_of_which_parts_are_missing_is_missing(parts, missing):
    found = [StatisticRow(FIRST * 3600e3 + n * 300e3) for n in range(parts)]
    assert missing_hours([FIRST], [row(FIRST)], found) == missing


def test_the_row_of_a_measurement_has_mean_min_and_max_at_the_begin_of_the_hour():
    rows = mean_rows({FIRST: values(last=0, mean=5)}, [FIRST, FIRST + 1], SAME)
    assert rows == [{"start": "2025-11-24T16:00:00+00:00", "mean": 5, "min": 4, "max": 6}]


def test_values_are_converted_to_the_unit_that_is_kept():
    (found,) = mean_rows({FIRST: values(last=0, mean=20)}, [FIRST], conversion("°C", "°F"))
    assert (found["mean"], found["min"], found["max"]) == pytest.approx((68, 66.2, 69.8))


def sums(found, kept, hours=4):
    rows = sum_rows(found, range(FIRST, FIRST + hours), kept, SAME)
    return [(one["state"], one["sum"]) for one in rows]


def test_a_meter_goes_on_from_the_last_sum_that_is_kept():
    found = {FIRST + 1: values(last=12), FIRST + 2: values(last=15)}
    assert sums(found, [row(FIRST, state=10, sum=3)]) == [(12, 5), (15, 8)]


def test_a_meter_that_began_at_0_again_has_counted_what_it_shows():
    found = {FIRST + 1: values(last=2)}
    assert sums(found, [row(FIRST, state=10, sum=3)]) == [(2, 5)]


def test_a_sum_never_lies_above_the_one_that_is_kept_after_it():
    kept = [row(FIRST, state=10, sum=3), row(FIRST + 3, state=11, sum=4)]
    assert sums({FIRST + 1: values(last=12)}, kept) == [(12, 4)]


def test_before_the_first_sum_that_is_kept_a_meter_is_counted_backwards():
    kept = [row(FIRST + 2, state=10, sum=3)]
    assert sums({FIRST: values(last=4), FIRST + 1: values(last=9)}, kept) == [(4, -3), (9, 2)]


def test_a_meter_of_which_nothing_is_kept_begins_with_0():
    assert sums({FIRST: values(last=4), FIRST + 1: values(last=9)}, []) == [(4, 0), (9, 5)]


def test_rows_that_are_replaced_do_not_count_as_kept():
    kept = [row(FIRST, state=10, sum=3), row(FIRST + 1, state=10.5, sum=3.5)]
    assert sums({FIRST + 1: values(last=12)}, kept) == [(12, 5)]


def test_rows_that_are_replaced_do_not_limit_the_sums_before_them():
    kept = [row(FIRST, state=10, sum=3), row(FIRST + 2, state=10.5, sum=3.5)]
    found = {FIRST + 1: values(last=12), FIRST + 2: values(last=13)}
    assert sums(found, kept) == [(12, 5), (13, 6)]


def test_every_unit_that_is_kept_as_ours_needs_no_conversion():
    assert conversion("%", "%") == conversion("", None) == SAME
    assert conversion("µg/m³", "μg/m³") == SAME


@pytest.mark.parametrize(
    ("ours", "theirs", "value", "expected"),
    [
        ("°C", "K", 0, 273.15),
        ("hPa", "inHg", 1013.25, 29.9213),
        ("hPa", "psi", 1013.25, 14.6959),
        ("hPa", "mmHg", 1013.25, 760),
        ("mm", "in", 25.4, 1),
        ("km/h", "mph", 100, 62.1371),
        ("km/h", "m/s", 36, 10),
        ("km/h", "kn", 18.52, 10),
        ("m", "ft", 1, 3.28084),
        ("L", "gal", 1, 0.264172),
        ("L/min", "m³/h", 10, 0.6),
        ("kWh", "MJ", 1, 3.6),
    ],
)
def test_a_unit_that_a_user_may_choose_is_converted(ours, theirs, value, expected):
    assert conversion(ours, theirs)(value) == pytest.approx(expected, rel=1e-5)


def test_an_unknown_unit_is_not_guessed():
    assert conversion("ppm", "%") is None
    assert conversion("°C", None) is None
