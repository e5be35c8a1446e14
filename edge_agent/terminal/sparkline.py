"""The course of a value in the last minutes, as a line of small bars."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

MINUTES = 4
SLOTS = 120
SECONDS_OF_SLOT = MINUTES * 60 / SLOTS
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-:=+*#"


class RecentValues:
    """The means of a value in slots of some seconds, for the last minutes: memory is bounded."""

    def __init__(self) -> None:
        self._slots: dict[int, tuple[float, int]] = {}  # sum and count; a count of 0: no value

    def add(self, value: float | None, now: float) -> None:
        """Add a value that was measured at a time in seconds, or None if there was none."""
        slot = int(now // SECONDS_OF_SLOT)
        total, count = self._slots.get(slot, (0.0, 0))
        self._slots[slot] = (total, count) if value is None else (total + value, count + 1)
        if len(self._slots) > SLOTS:
            del self._slots[min(self._slots)]

    def means(self, width: int, now: float) -> list[float]:
        """Return `width` means, the last of which ends now.

        A value holds until the next; NaN is before the first, and while there is none.
        """
        end = int(now // SECONDS_OF_SLOT) + 1
        bounds = [end - SLOTS + SLOTS * n // width for n in range(width + 1)]
        means, last = [], math.nan
        for begin, upto in pairwise(bounds):
            last = self._mean(range(begin, upto), last)
            means.append(last)
        return means

    def _mean(self, slots: Iterable[int], last: float) -> float:
        found = [self._slots[slot] for slot in slots if slot in self._slots]
        count = sum(n for _, n in found)
        if count:
            return sum(total for total, _ in found) / count
        return math.nan if found else last


def sparkline(values: Sequence[float], bars: str = BARS) -> str:
    """Return a bar for each value between the lowest and the highest, a space for NaN."""
    known = [value for value in values if not math.isnan(value)]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    scale = (len(bars) - 1) / (high - low) if high > low else 0.0
    return "".join(
        " " if math.isnan(value) else bars[round((value - low) * scale)] for value in values
    )
