"""Scale and offset from known points."""

import pytest
from hypothesis import assume, given
from hypothesis.strategies import floats

from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.known_points import KnownPoint, calibrated, raw

VALUES = floats(-1000, 1000).map(lambda value: round(value, 3))


@given(VALUES, VALUES, VALUES, floats(0.6, 1.9))
def test_both_points_are_true_afterwards(first, second, true, slope):
    assume(abs(first - second) > 1)
    points = KnownPoint(first, true), KnownPoint(second, true + slope * (second - first))
    fresh = calibrated(points, Calibration(), converts=False)
    for point in points:
        assert fresh.apply(point.raw) == pytest.approx(point.true, abs=1e-4)


def test_one_point_changes_the_offset_and_keeps_the_scale():
    present = Calibration(scale=1.5, offset=2.0)
    assert calibrated((KnownPoint(10, 20),), present, converts=False) == Calibration(1.5, 5.0)


@given(VALUES, floats(0.1, 10), VALUES)
def test_raw_is_what_was_measured_before_the_calibration(measured, scale, offset):
    present = Calibration(scale, offset)
    assert raw(present.apply(measured), present) == pytest.approx(measured, abs=1e-6)


def test_two_points_with_one_measured_value_give_no_scale():
    with pytest.raises(ValueError, match="both points have the same measured value"):
        calibrated((KnownPoint(1, 0), KnownPoint(1, 100)), Calibration(), converts=True)


@pytest.mark.parametrize("true", [49, 201, -100, 0])
def test_a_scale_that_corrects_no_sensor_is_refused(true):
    with pytest.raises(ValueError, match=r"times the present one; wanted: 0\.5 to 2"):
        calibrated((KnownPoint(0, 0), KnownPoint(100, true)), Calibration(), converts=False)


def test_the_present_scale_is_what_a_scale_is_compared_with():
    points = KnownPoint(0, 0), KnownPoint(1, 100)
    assert calibrated(points, Calibration(scale=90), converts=False).scale == 100


def test_what_converts_a_voltage_may_have_any_scale_but_0():
    points = KnownPoint(0, 7), KnownPoint(1, -20)
    assert calibrated(points, Calibration(), converts=True) == Calibration(-27, 7)
    with pytest.raises(ValueError, match="0 times"):
        calibrated((KnownPoint(0, 7), KnownPoint(1, 7)), Calibration(), converts=True)
