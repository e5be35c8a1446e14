"""Thinning: what a channel comes to in each column of a chart. Pure: it depends on samples only.

A column keeps the lowest and the highest value, so that a spike of one reading is visible in a view
of a week. Columns lie at whole multiples of their width in UTC: a view that is moved shows the same
ones again, and windows of whole minutes lie within one. Samples may come in any order.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from edge_agent.samples import Samples, TimeSpan

SECOND = 1_000_000  # µs
PARTS = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
# The widths that columns may have, in µs: each divides a day evenly.
WIDTHS = (
    *(n * 1000 for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in PARTS),
    *(n * 60 * SECOND for n in PARTS),
    *(n * 3600 * SECOND for n in HOURS),
)
DAY = WIDTHS[-1]


class Points(NamedTuple):
    """What a chart draws: for each column a time in µs, the lowest and the highest value.

    Both values are None if there is a gap: no line leads over it. A column that holds one reading
    has its time. `step` is the width of a column in µs.
    """

    step: int
    times: Sequence[int]
    lows: Sequence[float | None]
    highs: Sequence[float | None]


class Column:
    """What the samples of one column come to; `first` and `last` are times in µs."""

    __slots__ = ("first", "high", "last", "low")

    def __init__(self, first: int, last: int, low: float, high: float) -> None:
        self.first, self.last, self.low, self.high = first, last, low, high

    def merge(self, first: int, last: int, low: float, high: float) -> None:
        """Add what other samples of the column come to."""
        self.first, self.last = min(self.first, first), max(self.last, last)
        self.low, self.high = min(self.low, low), max(self.high, high)


def step_for(span: TimeSpan, width: int) -> int:
    """Return the narrowest width in µs of which `width` columns show a span."""
    wanted = -(-(span.until - span.since) // width)
    fitting = (each for each in WIDTHS if each >= wanted)
    return next(fitting, -(-wanted // DAY) * DAY)


def whole(span: TimeSpan, step: int) -> TimeSpan:
    """Return the span of the columns that have a part of a span."""
    return TimeSpan(span.since // step * step, -(-span.until // step) * step)


class Columns:
    """Gathers the samples of a span; a silence of more than `patience` µs is a gap."""

    def __init__(self, span: TimeSpan, step: int, patience: int) -> None:
        self.span = span
        self.step = step
        self._patience = patience
        self._columns: dict[int, Column] = {}
        self._absent: dict[int, tuple[int, int]] = {}  # first and last time without a value

    def add(self, samples: Samples) -> None:
        """Add readings or windows."""
        if samples.seconds:
            self._add_windows(samples, frozenset())
        elif None in samples.values:
            self._add_some(samples)
        else:
            self._add_readings(samples.times, samples.values)  # type: ignore[arg-type]

    def fill(self, windows: Samples) -> None:
        """Add the windows in which there is no sample yet."""
        self._add_windows(windows, frozenset(self._columns))

    def put(self, index: int, first: int, last: int, low: float, high: float) -> None:
        """Add what samples of the column at `index * step` come to."""
        column = self._columns.get(index)
        if column is None:
            self._columns[index] = Column(first, last, low, high)
        else:
            column.merge(first, last, low, high)

    def break_at(self, times: Iterable[int]) -> None:
        """Note times at which there was no value."""
        for time in times:
            index = time // self.step
            first, last = self._absent.get(index, (time, time))
            self._absent[index] = min(first, time), max(last, time)

    def points(self) -> Points:
        """Return what is drawn, in order of time."""
        rows = list(self._rows())
        times, lows, highs = zip(*rows, strict=True) if rows else ((), (), ())
        return Points(self.step, times, lows, highs)

    def _add_some(self, samples: Samples) -> None:
        """Add readings of which some have no value."""
        pairs = list(zip(samples.times, samples.values, strict=True))
        self.break_at(time for time, value in pairs if value is None)
        good = [(time, value) for time, value in pairs if value is not None]
        self._add_readings([time for time, _ in good], [value for _, value in good])

    def _add_readings(self, times: Sequence[int], values: Sequence[float]) -> None:
        if times != sorted(times):  # a clock was set back
            order = sorted(range(len(times)), key=times.__getitem__)
            times, values = [times[n] for n in order], [values[n] for n in order]
        at = 0
        while at < len(times):
            index = times[at] // self.step
            end = bisect_left(times, (index + 1) * self.step, at)
            part = values[at:end]
            self.put(index, times[at], times[end - 1], min(part), max(part))
            at = end

    def _add_windows(self, windows: Samples, taken: frozenset[int]) -> None:
        rows = zip(windows.times, windows.lows, windows.highs, strict=True)
        for begin, low, high in rows:
            end = begin + windows.seconds * SECOND
            indexes = self._indexes(begin, end)
            if low is None or high is None or not taken.isdisjoint(indexes):
                continue
            for index in indexes:
                left = index * self.step
                self.put(index, max(begin, left), min(end, left + self.step) - 1, low, high)

    def _indexes(self, begin: int, end: int) -> range:
        begin, end = max(begin, self.span.since), min(end, self.span.until)
        return range(begin // self.step, -(-end // self.step))

    def _rows(self) -> Iterator[tuple[int, float | None, float | None]]:
        absent = sorted(time for each in self._absent.values() for time in each)
        before: Column | None = None
        for _, column in sorted(self._columns.items()):
            if before and self._is_gap(before.last, column.first, absent):
                yield (before.last + column.first) // 2, None, None
            yield (column.first + column.last) // 2, column.low, column.high
            before = column

    def _is_gap(self, last: int, first: int, absent: Sequence[int]) -> bool:
        """Return whether there is a gap, wide enough to be seen, between two columns' samples."""
        silence = first - last
        if silence > max(self._patience, self.step):
            return True
        at = bisect_right(absent, last)
        return silence >= self.step and at < len(absent) and absent[at] < first
