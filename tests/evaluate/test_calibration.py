import math

import pytest

from edge_agent.evaluate.refine.calibration import Calibration


@pytest.mark.parametrize(
    ("calibration", "measured", "true"),
    [
        (Calibration(), 21.5, 21.5),
        (Calibration(offset=-0.5), 21.5, 21.0),
        (Calibration(scale=2), 21.5, 43.0),
        (Calibration(scale=2, offset=1), 3.0, 7.0),  # scaled first, then moved
        (Calibration(polynomial=(1, 2, 3)), 2.0, 17.0),  # 1 + 2·2 + 3·2²
        (Calibration(polynomial=(5,)), 2.0, 5.0),
        (Calibration(scale=9, offset=9, polynomial=(0, 1)), 2.0, 2.0),
    ],
)
def test_a_value_is_corrected(calibration, measured, true):
    assert calibration.apply(measured) == true


@pytest.mark.parametrize(
    "calibration", [Calibration(scale=1e300), Calibration(polynomial=(0, 1e300, -1e300))]
)
def test_a_value_that_overflows_is_not_finite(calibration):
    assert not math.isfinite(calibration.apply(1e300))
