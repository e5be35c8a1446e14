"""Calibration: the correction of what a chip measured."""

import msgspec


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
