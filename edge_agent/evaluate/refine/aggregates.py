"""Aggregates: a channel's count, min, mean, max and last value in each window. No I/O, no clock.

Windows lie on the wall clock in UTC, at whole multiples of their length; while the clock is not
trusted, on uptime. Even if the clock jumps, each reading is counted in exactly one event per
length, and its moment lies within that event's window.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from edge_agent.clock import Moment
from edge_agent.events import Event, Reading
from edge_agent.summary import Summary

SPANS = 16  # of begins, per length: with more breaks, "late" may be set although it is not


class Aggregator:
    """Keeps the windows of one device; `windows` are whole seconds, from 1, that divide a day.

    An event's moment is its window's begin. "partial" means that the window was left before its
    end, "late" that one with this begin was reported before: their counts add up.
    """

    __slots__ = ("_device", "_lengths", "_open", "_reported")

    def __init__(self, device: str, windows: Sequence[float]) -> None:
        self._device = device
        self._lengths = sorted({round(seconds) for seconds in windows})
        self._open: dict[int, _Window] = {}
        self._reported: defaultdict[tuple[int, bool], _ReportedBegins] = defaultdict(
            _ReportedBegins
        )

    def add(self, reading: Reading) -> list[Event]:
        """Count a reading; return the windows that ended before it, oldest first."""
        events = self.expire(reading.moment)
        for seconds in self._lengths:
            window = self._open.get(seconds)
            if window is None:
                window = self._open[seconds] = _Window(seconds, reading.moment)
            window.count(reading.values)
        return events

    def expire(self, now: Moment) -> list[Event]:
        """Return the windows that `now` lies outside of, oldest first."""
        left = [window for window in self._open.values() if not window.holds(now)]
        return self._end(left, now) if left else []

    def flush(self) -> list[Event]:
        """Return the windows under way, oldest first; all are partial."""
        return self._end(list(self._open.values()), None)

    def _end(self, windows: Iterable["_Window"], now: Moment | None) -> list[Event]:
        """End windows under way; all lie on the same clock, so their begins can be compared."""
        events = []
        for window in sorted(windows, key=lambda one: one.begin):
            del self._open[window.seconds]
            if window.channels:
                late = self._reported[window.seconds, window.moment.trusted].add(window.begin)
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
        self.channels: dict[str, Summary] = {}
        self.missing = 0

    def holds(self, moment: Moment) -> bool:
        return moment.trusted == self.moment.trusted and self.begin <= _position(moment) < self.end

    def over(self, now: Moment) -> bool:
        """Return whether the end has passed; if the clocks cannot be compared, uptime decides."""
        if now.trusted == self.moment.trusted:
            return _position(now) >= self.end
        return now.uptime - self.moment.uptime >= self.end - self.begin

    def count(self, values: Mapping[str, float]) -> None:
        if not values:
            self.missing += 1
        for name, value in values.items():
            channel = self.channels.get(name)
            if channel is None:
                channel = self.channels[name] = Summary()
            channel.count(value)

    def data(self, *, partial: bool, late: bool) -> dict[str, Any]:
        values = {name: channel.as_dict() for name, channel in self.channels.items()}
        notes = {"partial": partial, "late": late, "missing": self.missing}
        given = {name: note for name, note in notes.items() if note}
        return {"seconds": self.seconds, "values": values, **given}


class _ReportedBegins:
    """The begins reported so far, as a few spans of them, however long the agent runs.

    The two spans with the smallest gap become one. While windows follow one another there is no
    gap at all. So no begin that was reported is ever forgotten.
    """

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int]] = []  # first and last begin, ascending

    def add(self, begin: int) -> bool:
        """Add a begin; return whether it lies in a span reported before."""
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
