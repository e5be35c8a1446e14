import pytest

from edge_agent.clock import Moment
from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.plausibility import Limits
from edge_agent.evaluate.refine.refine import ChannelPlan, DevicePlan, refine
from edge_agent.events import Reading

PLAN = DevicePlan(
    {
        "t": ChannelPlan(Calibration(offset=-0.5), Limits(-40, 85, 2.0)),
        "h": ChannelPlan(limits=Limits(0, 100)),
    },
    max_age=10.0,
)


@pytest.fixture
def measured(moment):
    return lambda values, *more, uptime=0: Reading("air", moment(uptime), values, *more)


def test_values_are_corrected_and_then_checked(measured):
    reading, _ = refine(PLAN, measured({"t": 85.4, "h": 40}), {})
    assert reading == measured({"t": 84.9, "h": 40})


def test_a_refused_value_is_dropped_and_the_others_stand(measured):
    reading, _ = refine(PLAN, measured({"t": 20.5, "h": 101}), {})
    note = "h 101 is outside 0 to 100"
    assert reading == measured({"t": 20.0}, "good", note, {"h": "out_of_range"})


def test_without_any_right_value_the_quality_says_why(measured):
    reading, _ = refine(PLAN, measured({"h": 101}), {})
    assert (reading.values, reading.quality) == ({}, "out_of_range")


def test_a_jump_is_refused_until_it_stays(measured):
    levels, qualities = {}, []
    for second, value in enumerate([20, 60, 60, 60, 60, 60, 60]):
        reading, levels = refine(PLAN, measured({"t": value}, uptime=second), levels)
        qualities.append(reading.quality)
    assert qualities == ["good", "step", "step", "step", "step", "good", "good"]


def test_a_failed_reading_stays_as_it_is_and_keeps_the_levels(measured):
    _, levels = refine(PLAN, measured({"t": 20}), {})
    failed = measured({}, "no_acknowledge", "air: no answer; check the wiring")
    assert refine(PLAN, failed, levels) == (failed, levels)


def test_what_the_driver_refused_stays_in_the_reading(measured):
    reading, _ = refine(PLAN, measured({"h": 101}, "good", "noisy", {"p": "not_ready"}), {})
    assert reading.refused == {"p": "not_ready", "h": "out_of_range"}
    assert reading.detail == "noisy; h 101 is outside 0 to 100"


def test_a_channel_without_a_plan_must_be_finite(measured):
    assert refine(PLAN, measured({"p": 1013.0}), {})[0].values == {"p": 1013.0}
    assert refine(PLAN, measured({"p": float("inf")}), {})[0].values == {}


def test_the_levels_that_were_given_are_not_changed(measured):
    levels = {}
    refine(PLAN, measured({"t": 20}), levels)
    assert levels == {}


@pytest.mark.parametrize(("decimals", "shown"), [(None, 21.123456), (3, 21.123), (0, 21.0)])
def test_a_value_has_no_more_decimals_than_its_resolution_is_worth(decimals, shown):
    plan = DevicePlan({"t": ChannelPlan(decimals=decimals)}, 10.0)
    reading = Reading("air", Moment(0, 0, trusted=True), {"t": 21.123456})
    assert refine(plan, reading, {})[0].values == {"t": shown}
