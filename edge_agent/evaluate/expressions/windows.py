"""Windows: the right values of one channel within the last seconds.

A window ends with the latest right value: between two readings nothing changes. It is whole while
that value is current, and while it has no hole: no time since its begin that is longer than a value
stays current and in which nothing right was measured. The result of one that is not whole is
unknown, never a guess.
"""

import math
from collections import deque

RESUM = 1000  # values leave before the total is summed again: floats drift


class Window:
    """Values of the last `seconds`; a `hole` is a gap of more than so many seconds.

    Times are uptimes in µs that never go back. Each result is None while the window is not whole.
    """

    def __init__(self, seconds: float, hole: float) -> None:
        self._length = round(seconds * 1e6)
        self.hole = hole
        self._hole = round(hole * 1e6)
        self._whole_since = 0
        self._last = (-math.inf, math.nan)
        self._edge: tuple[float, float] | None = None  # the last value before the window
        self._inside: deque[tuple[int, float, int]] = deque()
        self._lows: deque[tuple[int, float]] = deque()
        self._highs: deque[tuple[int, float]] = deque()
        self._total = 0.0
        self._rises = 0
        self._left = 0

    def add(self, uptime: int, value: float) -> None:
        """Take a right value."""
        before, last = self._last
        if uptime - before > self._hole:
            self._whole_since = uptime
        rise = int(last == 0 and value != 0)
        self._last = (uptime, value)
        self._inside.append((uptime, value, rise))
        self._total += value
        self._rises += rise
        while self._lows and self._lows[-1][1] >= value:
            self._lows.pop()
        self._lows.append((uptime, value))
        while self._highs and self._highs[-1][1] <= value:
            self._highs.pop()
        self._highs.append((uptime, value))
        self._forget(uptime - self._length)

    def whole(self, now: int) -> bool:
        """Return whether its last value is current, and there is no hole before it."""
        last = self._last[0]
        return now - last <= self._hole and self._whole_since <= last - self._length

    def mean(self, now: int) -> float | None:
        """Return the mean of the measured values."""
        if not self.whole(now):
            return None
        mean = self._total / len(self._inside)
        return min(max(mean, self._lows[0][1]), self._highs[0][1])

    def min(self, now: int) -> float | None:
        """Return the smallest value."""
        return self._lows[0][1] if self.whole(now) else None

    def max(self, now: int) -> float | None:
        """Return the largest value."""
        return self._highs[0][1] if self.whole(now) else None

    def delta(self, now: int) -> float | None:
        """Return the last value minus the one that the window began with."""
        if not self.whole(now) or self._edge is None:
            return None
        return self._last[1] - self._edge[1]

    def rate(self, now: int) -> float | None:
        """Return the change per second between the same two."""
        delta = self.delta(now)
        if delta is None or self._edge is None:
            return None
        return delta / (self._last[0] - self._edge[0]) * 1e6

    def count(self, now: int) -> float | None:
        """Return how many values there are."""
        return float(len(self._inside)) if self.whole(now) else None

    def rises(self, now: int) -> float | None:
        """Return how often the channel went on."""
        return float(self._rises) if self.whole(now) else None

    def _forget(self, begin: int) -> None:
        inside = self._inside
        while inside and inside[0][0] <= begin:
            uptime, value, rise = inside.popleft()
            self._edge = (uptime, value)
            self._total -= value
            self._rises -= rise
            self._left += 1
        for extremes in (self._lows, self._highs):
            while extremes and extremes[0][0] <= begin:
                extremes.popleft()
        if self._left >= RESUM or not inside:
            self._left, self._total = 0, math.fsum(value for _, value, _ in inside)
