"""What many values of one channel come to: count, minimum, mean, maximum and the last one."""

import math

MORE = 1  # decimal of a mean, beside those that its values and their number need


class Summary:
    """A running summary of values that are counted one by one.

    The sum is A. Neumaier's compensated one ("Rundungsfehleranalyse einiger Verfahren zur
    Summation endlicher Summen", ZAMM 54, 1974): `_lost` gathers the digits that each addition
    cuts off, of the sum or of the value, whichever is smaller.
    """

    __slots__ = ("_count", "_high", "_last", "_lost", "_low", "_sum")

    def __init__(self) -> None:
        self._count = 0
        self._low = math.inf
        self._high = -math.inf
        self._last = 0.0
        self._sum = 0.0
        self._lost = 0.0

    def count(self, value: float) -> None:
        """Count a value."""
        self._count += 1
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        self._last = value
        before, after = self._sum, self._sum + value
        larger, smaller = (before, value) if abs(before) >= abs(value) else (value, before)
        self._lost += (larger - after) + smaller
        self._sum = after

    def as_dict(self) -> dict[str, float]:
        """Return the summary as an aggregate event has it; at least one value was counted."""
        mean = round((self._sum + self._lost) / self._count, self._decimals())
        return {
            "count": self._count,
            "min": self._low,
            "mean": max(
                self._low, min(self._high, mean)
            ),  # may be rounded beyond them, or overflow
            "max": self._high,
            "last": self._last,
        }

    def _decimals(self) -> int:
        """Return the digits after the point with which the mean still says the sum.

        Its error, times the number of values, is less than a tenth of the last digit of a value.
        """
        values = max(map(decimals_of, (self._low, self._high, self._last)))
        return values + len(str(self._count)) + MORE


def decimals_of(value: float) -> int:
    """Return the digits after the point that a finite value is written with."""
    digits, _, exponent = repr(value).partition("e")
    return max(len(digits.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)
