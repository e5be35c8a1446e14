"""Sums that are exact in any order, and the windows to which a time belongs."""

import math
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.aggregate.sums import LARGEST, countable, merged, sums_of, units
from consumers.aggregate.windows import LENGTHS, Series, windows_at

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIME = datetime(2027, 1, 15, 8, tzinfo=UTC)
ordinary = st.floats(2**-8, LARGEST) | st.floats(-LARGEST, -(2**-8))


def one(n, value):
    return sums_of([value], value, TIME + timedelta(seconds=n), n)


@given(st.lists(ordinary, min_size=1), st.randoms())
def test_a_sum_is_exact_and_the_same_in_any_order_and_grouping(values, random):
    parts = [one(n, value) for n, value in enumerate(values)]
    random.shuffle(parts)
    while len(parts) > 1:
        parts.append(merged(parts.pop(), parts.pop(random.randrange(len(parts)))))
    assert Fraction(parts[0].total, 2**60) == sum(map(Fraction, values))
    assert parts[0].last == values[-1]
    assert (parts[0].low, parts[0].high) == (min(values), max(values))


@given(st.lists(st.floats(0.01, 1000), min_size=1))
def test_the_mean_is_that_of_the_correctly_rounded_sum(values):
    sums = reduce(merged, [one(n, value) for n, value in enumerate(values)])
    mean = math.fsum(values) / len(values)
    assert sums.mean == max(min(values), min(max(values), mean))


def test_of_two_values_at_one_time_the_higher_offset_is_the_last():
    first, second = sums_of([5.0], 5.0, TIME, 7), sums_of([4.0], 4.0, TIME, 8)
    assert merged(first, second).last == merged(second, first).last == 4.0


@pytest.mark.parametrize("value", [1e13, -1e13, math.inf, -math.inf, math.nan])
def test_a_value_that_no_sum_can_hold_is_not_countable(value):
    assert not countable(value)


def test_a_value_below_the_unit_counts_as_nothing():
    assert units(2.0**-61) == units(-(2.0**-61)) == 0


@given(st.integers(0, 250_000_000_000_000_000))
def test_a_window_begins_at_a_whole_multiple_of_its_length(micros):
    time = EPOCH + timedelta(microseconds=micros)
    for window in windows_at(time, Series("a", "b", "c")):
        length = timedelta(seconds=LENGTHS[window.length])
        assert window.start <= time < window.start + length
        assert (window.start - EPOCH) % length == timedelta()
