import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.median import median, smoothed
from edge_agent.evaluate.refine.refine import ChannelPlan, DevicePlan
from edge_agent.events import Reading

PLAN = DevicePlan({"distance": ChannelPlan(median=3), "t": ChannelPlan()}, max_age=40.0)


def medians(*values, every=10, plan=PLAN):
    """What becomes of the distances; None is a reading without one."""
    recent, found = {}, []
    for n, value in enumerate(values):
        given = {"t": 20.0} | ({} if value is None else {"distance": value})
        moment = Moment(0, round(n * every * 1e6), trusted=True)
        reading, recent = smoothed(plan, Reading("tank", moment, given), recent)
        found.append(reading.values.get("distance"))
    return found


def test_a_single_outlier_is_not_published():
    assert medians(1.0, 1.1, 9.9, 1.2, 1.3, 0.0, 1.4) == [1.0, 1.0, 1.1, 1.2, 1.3, 1.2, 1.3]


def test_a_change_that_stays_is_published_with_the_second_value():
    assert medians(1, 1, 1, 2, 2, 2) == [1, 1, 1, 1, 2, 2]


def test_a_value_that_is_missing_is_not_replaced_and_the_others_are_kept():
    assert medians(1, 2, None, 3) == [1, 1, None, 2]


def test_after_a_pause_old_values_count_no_more():
    assert medians(1, 1, None, None, None, None, 5) == [1, 1, None, None, None, None, 5]


def test_without_a_median_a_reading_stays_as_it_is():
    plan = DevicePlan({"distance": ChannelPlan()}, max_age=40.0)
    assert medians(1, 9, 1, plan=plan) == [1, 9, 1]


def test_other_channels_and_everything_else_of_the_reading_stay():
    reading = Reading(
        "tank", Moment(0, 0, trusted=True), {"t": 20.0}, "good", "noisy", {"h": "not_ready"}, 2
    )
    assert smoothed(PLAN, reading, {}) == (reading, {})


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=99))
def test_a_median_is_a_measured_value_with_as_many_below_as_above(values):
    found = median(values)
    assert found in values
    assert sum(value < found for value in values) <= len(values) / 2
    assert sum(value > found for value in values) <= len(values) / 2


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [2.0, 1.0]])
def test_of_two_values_the_lower_is_taken(values):
    assert median(values) == 1.0


def test_the_current_value_is_the_median_after_its_correction():
    doubled = DevicePlan({"distance": ChannelPlan(Calibration(scale=2.0), median=3)}, 40.0)
    current = CurrentValues({"tank": doubled}, (), began=0)
    for second, value in enumerate((1.0, 9.0, 1.5)):
        moment = Moment(0, second * 1_000_000, trusted=True)
        current.take(Reading("tank", moment, {"distance": value}))
    assert current.values == {"tank.distance": 3.0}
