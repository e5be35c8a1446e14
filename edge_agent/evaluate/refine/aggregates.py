"""Aggregates: what became of each channel in a minute, a quarter or an hour. Pure.

Windows lie on the wall clock in UTC, at whole multiples of their length; while the clock is not
trusted, on uptime. Whatever the clock does, each reading is counted in just one event per length,
and its moment lies within that event's window.
"""

import math
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from edge_agent.clock import Moment
from edge_agent.events import Event, Reading

SPANS = 16  # of begins, per length: with more breaks than these, "late" may be said in vain


class Aggregator:
    """Keeps the windows of one device; `windows` are whole seconds that divide a day, from 1.

    An event's moment is its window's begin. "partial" says that the window was left before its
    end, "late" that one with this begin was told before: their counts add up.
    """

    __slots__ = ("_device", "_lengths", "_open", "_told")

    def __init__(self, device: str, windows: Sequence[float]) -> None:
        self._device = device
        self._lengths = sorted({round(seconds) for seconds in windows})
        self._open: dict[int, _Window] = {}
        self._told: defaultdict[tuple[int, bool], _Told] = defaultdict(_Told)

    def add(self, reading: Reading) -> list[Event]:
        """Count a reading; return the windows that were over before it, oldest first."""
        events = self.expire(reading.moment)
        for seconds in self._lengths:
            window = self._open.get(seconds)
            if window is None:
                window = self._open[seconds] = _Window(seconds, reading.moment)
            window.count(reading.values)
        return events

    def expire(self, now: Moment) -> list[Event]:
        """Return the windows that `now` does not lie in, oldest first."""
        left = [window for window in self._open.values() if not window.holds(now)]
        return self._end(left, now) if left else []

    def flush(self) -> list[Event]:
        """Return the windows under way, oldest first; all are partial."""
        return self._end(list(self._open.values()), None)

    def _end(self, windows: Iterable["_Window"], now: Moment | None) -> list[Event]:
        """End windows under way; they all lie on the same clock, so that begins compare."""
        events = []
        for window in sorted(windows, key=lambda one: one.begin):
            del self._open[window.seconds]
            if window.channels:
                late = self._told[window.seconds, window.moment.trusted].add(window.begin)
                data = window.data(partial=now is None or not window.over(now), late=late)
                events.append(Event("aggregate", self._device, window.moment, data))
        return events


class _Window:
    """One window under way, from `begin` until before `end`: µs on the clock that it lies on."""

    __slots__ = ("begin", "channels", "end", "missing", "moment", "seconds")

    def __init__(self, seconds: int, first: Moment) -> None:
        length, position = seconds * 1_000_000, _position(first)
        into = position % length
        self.seconds = seconds
        self.begin = position - into
        self.end = self.begin + length
        self.moment = Moment(first.time - into, first.uptime - into, first.trusted)
        self.channels: dict[str, _Channel] = {}
        self.missing = 0

    def holds(self, moment: Moment) -> bool:
        return moment.trusted == self.moment.trusted and self.begin <= _position(moment) < self.end

    def over(self, now: Moment) -> bool:
        """Tell whether the end has passed; where the clocks cannot be compared, uptime tells."""
        if now.trusted == self.moment.trusted:
            return _position(now) >= self.end
        return now.uptime - self.moment.uptime >= self.end - self.begin

    def count(self, values: Mapping[str, float]) -> None:
        if not values:
            self.missing += 1
        for name, value in values.items():
            channel = self.channels.get(name)
            if channel is None:
                channel = self.channels[name] = _Channel()
            channel.count(value)

    def data(self, *, partial: bool, late: bool) -> dict[str, Any]:
        values = {name: channel.summary() for name, channel in self.channels.items()}
        notes = {"partial": partial, "late": late, "missing": self.missing}
        told = {name: note for name, note in notes.items() if note}
        return {"seconds": self.seconds, "values": values, **told}


class _Channel:
    """A channel's running aggregate.

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
        self._count += 1
        self._low = min(self._low, value)
        self._high = max(self._high, value)
        self._last = value
        before, after = self._sum, self._sum + value
        larger, smaller = (before, value) if abs(before) >= abs(value) else (value, before)
        self._lost += (larger - after) + smaller
        self._sum = after

    def summary(self) -> dict[str, float]:
        mean = (self._sum + self._lost) / self._count
        return {
            "count": self._count,
            "min": self._low,
            "mean": max(self._low, min(self._high, mean)),  # rounded beyond them, or overflowed
            "max": self._high,
            "last": self._last,
        }


class _Told:
    """The begins told so far, as spans of them: few, however long the agent runs.

    Two spans become one where least lies between: nothing at all, as long as windows follow one
    another. So no begin that was told is ever forgotten.
    """

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []  # first and last begin, ascending

    def add(self, begin: int) -> bool:
        """Note a begin; return whether it lies in a span told before."""
        spans = self._spans
        if any(first <= begin <= last for first, last in spans):
            return True
        insort(spans, (begin, begin))
        if len(spans) > SPANS:
            gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
            n = gaps.index(min(gaps))
            spans[n : n + 2] = [(spans[n][0], spans[n + 1][1])]
        return False


def _position(moment: Moment) -> int:
    return moment.time if moment.trusted else moment.uptime
