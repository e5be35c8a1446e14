"""Calibration: the correction of what a chip measured."""

from itertools import pairwise

import msgspec

PIECES = 16  # of a curve
FLATTER = 0.1  # of the mean slope: where a curve is flat a step is worth less


class Calibration(msgspec.Struct, frozen=True):
    """One channel's correction: `value * scale + offset`, or a polynomial instead of both.

    `polynomial` holds c0, c1, c2 …, lowest power first.
    """

    scale: float = 1.0
    offset: float = 0.0
    polynomial: tuple[float, ...] = ()

    def apply(self, value: float) -> float:
        """Return the corrected value; it may overflow to infinity, which is then refused."""
        if not self.polynomial:
            return value * self.scale + self.offset
        result = 0.0
        for coefficient in reversed(self.polynomial):
            result = result * value + coefficient
        return result

    def resolution(self, step: float, low: float, high: float) -> float:
        """Return what a step of a chip that measures `low` to `high` is worth when corrected."""
        if not self.polynomial:
            return step * abs(self.scale)
        values = [self.apply(low + (high - low) * n / PIECES) for n in range(PIECES + 1)]
        slope = sum(abs(after - before) for before, after in pairwise(values)) / (high - low)
        return step * slope * (FLATTER if len(self.polynomial) > 2 else 1)
