"""What the configuration lets commands change, and how far."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Span: TypeAlias = tuple[float, float]  # the lowest value and the highest


class Bounds(NamedTuple):
    """The spans of thresholds by rule and name, and of calibrations by device.

    A device whose chip cannot be calibrated has None.
    """

    thresholds: Mapping[tuple[str, str], Span] = {}
    calibrations: Mapping[str, Span | None] = {}
