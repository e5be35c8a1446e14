"""Calibration: from what a chip measured to what is true of its surroundings."""

import msgspec


class Calibration(msgspec.Struct, frozen=True):
    """One channel's correction: `value * scale + offset`, or a polynomial instead of both.

    `polynomial` holds c0, c1, c2 …, lowest power first.
    """

    scale: float = 1.0
    offset: float = 0.0
    polynomial: tuple[float, ...] = ()

    def apply(self, value: float) -> float:
        """Return the corrected value; one that overflows is not finite, which checks refuse."""
        if not self.polynomial:
            return value * self.scale + self.offset
        result = 0.0
        for coefficient in reversed(self.polynomial):
            result = result * value + coefficient
        return result
