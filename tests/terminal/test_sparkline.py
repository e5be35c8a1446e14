"""The course of a value: bars of means, gaps where there was none."""

import math

import pytest

from edge_agent.terminal.sparkline import ASCII_BARS, MINUTES, SLOTS, RecentValues, sparkline


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([5, 5], "▁▁"),
        ([0, 7], "▁█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([math.nan, 1, math.nan, 2], " ▁ █"),
        ([math.nan], " "),
    ],
)
def test_the_lowest_and_the_highest_value_have_the_lowest_and_the_highest_bar(values, shown):
    assert sparkline(values) == shown


def test_bars_of_ascii_are_as_many():
    assert sparkline(range(8), ASCII_BARS) == ASCII_BARS


def course(*values, width=4):
    """The means of values that were added one a minute."""
    recent = RecentValues()
    for minute, value in enumerate(values):
        recent.add(value, 60 * minute + 1)
    return recent.means(width, 60 * MINUTES - 1)


def test_each_part_of_the_time_has_the_mean_of_its_values():
    assert course(1, 2, 3, 4) == [1, 2, 3, 4]
    assert course(1, 2, 3, 4, width=2) == [1.5, 3.5]


def test_a_value_holds_until_the_next():
    assert course(1, 2, width=8) == [1, 1, 2, 2, 2, 2, 2, 2]


def test_there_is_a_gap_while_there_is_no_value():
    first, *missing, last = course(1, None, None, 4)
    assert (first, last) == (1, 4)
    assert all(map(math.isnan, missing))


def test_memory_is_bounded():
    recent = RecentValues()
    for second in range(100_000):
        recent.add(1.0, second)
    assert len(recent._slots) == SLOTS
