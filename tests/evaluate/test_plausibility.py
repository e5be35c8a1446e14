import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evaluate.refine.plausibility import (
    AGREEING,
    OUT_OF_RANGE,
    STEP,
    Limits,
    Sample,
    check,
)

SECOND = 1_000_000
SLOW = Limits(max_step=1.0)


def reasons_for(limits, values, every=1.0):
    """Return why each of the values is refused, "" for those that are not."""
    level, reasons = None, []
    for n, value in enumerate(values):
        reason, level = check(limits, Sample(value, round(n * every * SECOND)), level)
        reasons.append(reason)
    return reasons


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0.0, ""),
        (100.0, ""),
        (-0.1, OUT_OF_RANGE),
        (100.1, OUT_OF_RANGE),
        (math.nan, OUT_OF_RANGE),
        (math.inf, OUT_OF_RANGE),
    ],
)
def test_a_value_outside_its_range_is_refused(value, reason):
    assert reasons_for(Limits(0, 100), [value]) == [reason]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_without_a_range_a_value_must_still_be_finite(value):
    assert reasons_for(Limits(), [value]) == [OUT_OF_RANGE]


@pytest.mark.parametrize(
    ("values", "reasons"),
    [
        ([20, 21, 22, 21], ["", "", "", ""]),
        ([20, 21.5], ["", STEP]),
        ([20, 85, 20.5], ["", STEP, ""]),
        ([20, 85, 21.9], ["", STEP, ""]),  # two seconds after the last good one
        ([20, 85, 22.1], ["", STEP, STEP]),
        ([20, 85, 0, 85, 0, 85, 0, 20], ["", *[STEP] * 6, ""]),
    ],
)
def test_a_value_may_move_as_fast_as_its_limit_since_the_last_good_one(values, reasons):
    assert reasons_for(SLOW, values) == reasons


def test_values_that_agree_are_a_new_level():
    assert reasons_for(SLOW, [20, *[50] * AGREEING, 50]) == ["", *[STEP] * (AGREEING - 1), "", ""]


def test_a_glitch_among_values_that_agree_starts_the_count_again():
    values = [20, *[50] * (AGREEING - 1), 90, *[50] * AGREEING]
    assert reasons_for(Limits(max_step=0.1), values)[-2:] == [STEP, ""]


def test_a_value_out_of_range_does_not_change_the_level():
    level = check(SLOW, Sample(20, 0), None)[1]
    limits = Limits(0, 60, 1.0)
    assert check(limits, Sample(85, SECOND), level) == (OUT_OF_RANGE, level)


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.floats(-1e6, 1e6))
def test_no_history_locks_a_channel_for_good(past, value):
    assert reasons_for(SLOW, [*past, *[value] * AGREEING])[-1] == ""
