"""Plausibility: whether a channel's value is accepted, by its range and its last good value.

A refused value never locks its channel: the allowed change grows with the time since the last good
value, and AGREEING values in a row that follow from one another are a new level.
"""

import math
from typing import NamedTuple

import msgspec

OUT_OF_RANGE = "out_of_range"
STEP = "step"
AGREEING = 5  # values in a row are not a glitch: the last of them is accepted


class Limits(msgspec.Struct, frozen=True):
    """The plausible range of a channel, and its largest change per second."""

    low: float = -math.inf
    high: float = math.inf
    max_step: float | None = None


class Sample(NamedTuple):
    """A value and the uptime in µs at which it was measured."""

    value: float
    uptime: int


class Level(NamedTuple):
    """A channel's last good sample, and the latest of those that contradict it since."""

    good: Sample
    doubted: Sample | None = None
    agreeing: int = 0


def check(limits: Limits, sample: Sample, level: Level | None) -> tuple[str, Level | None]:
    """Return why the sample is refused, or "", and the channel's level after it."""
    if not (limits.low <= sample.value <= limits.high and math.isfinite(sample.value)):
        return OUT_OF_RANGE, level
    if limits.max_step is None:
        return "", None
    if level is None or _follows(sample, level.good, limits.max_step):
        return "", Level(sample)
    agreeing = 1
    if level.doubted is not None and _follows(sample, level.doubted, limits.max_step):
        agreeing += level.agreeing
    if agreeing >= AGREEING:
        return "", Level(sample)
    return STEP, Level(level.good, sample, agreeing)


def _follows(later: Sample, earlier: Sample, max_step: float) -> bool:
    seconds = (later.uptime - earlier.uptime) / 1e6
    return abs(later.value - earlier.value) <= max_step * seconds
