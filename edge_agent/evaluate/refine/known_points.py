"""Known points: what a channel shows at one or two true values, and the calibration from them."""

from typing import NamedTuple

from edge_agent.evaluate.refine.calibration import Calibration

LEAST, MOST = 0.5, 2.0  # times the present scale: beyond, a point is mistaken
DIGITS = 9  # significant ones: more than any chip resolves


class KnownPoint(NamedTuple):
    """What a channel measures before its calibration, and what is true, in its unit."""

    raw: float
    true: float


def raw(shown: float, present: Calibration) -> float:
    """Return what was measured if a channel with this calibration shows a value."""
    return (shown - present.offset) / present.scale


def calibrated(
    points: tuple[KnownPoint, ...], present: Calibration, *, converts: bool
) -> Calibration:
    """Return the calibration with which the points are true; one point changes only the offset.

    Raise ValueError if two points do not give a scale, or one that corrects no sensor. A channel
    that `converts` to another quantity may have any scale but 0.
    """
    scale = _scale(*points) if len(points) > 1 else present.scale
    factor = scale / present.scale
    if not factor or not (converts or LEAST <= factor <= MOST):
        what = f"the points make the scale {factor:.3g} times the present one"
        raise ValueError(f"{what}; wanted: {LEAST:g} to {MOST:g}; check each point")
    offset = points[0].true - _rounded(scale) * points[0].raw
    return Calibration(_rounded(scale), _rounded(offset))


def _scale(first: KnownPoint, second: KnownPoint) -> float:
    if first.raw == second.raw:
        raise ValueError("both points have the same measured value; use references further apart")
    return (second.true - first.true) / (second.raw - first.raw)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
