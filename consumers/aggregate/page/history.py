"""The history of a fleet: what the store has of each channel of each node."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count, pairwise
from typing import NamedTuple

from consumers.aggregate.page.statements import (
    CHANNELS,
    FleetSeries,
    absences,
    columns_of_readings,
    columns_of_windows,
    marks,
    open_alerts_before,
    readings,
)
from consumers.query.opened import OpenedStore
from edge_agent.observe.web.history.columns import Columns, Points, step_for, whole
from edge_agent.observe.web.history.source import HistoryMark, HistoryMarks, ShownChannel
from edge_agent.samples import Samples, TimeSpan

CHANNEL = re.compile(r"([\w-]+)/([\w-]+)\.([\w-]+)", re.ASCII)
MINUTE = 60_000_000  # µs
WINDOWS = ((1440, "1d"), (60, "1h"), (15, "15m"), (1, "1m"))  # minutes of each, the longest first
SLICE = 20_000  # samples at a time
MARKS = 500
PATIENCE = 2.5  # times the usual silence between two rows: a longer one is a gap


class FleetHistory:
    """Asks the store; each answer opens it for itself, in any thread."""

    def __init__(self, opened: Callable[[], OpenedStore]) -> None:
        self._opened = opened

    def channels(self) -> Sequence[ShownChannel]:
        """Return the channels, by node, device and name."""
        with closing(self._opened()) as store:
            found = store.sql(CHANNELS).fetchall()
        return [ShownChannel(f"{node}/{device}.{channel}") for node, device, channel in found]

    def points(self, channel: str, span: TimeSpan, width: int) -> Points:
        """Return the lowest and highest values of about `width` columns."""
        step = step_for(span, width)
        span = whole(span, step)
        series = _series(channel)
        if series is None:
            return Columns(span, step, 0).points()
        with closing(self._opened()) as store:
            rows = _rows(store, series, span, step)
            found = store.sql(absences(series, span)).project("epoch_us(time)").fetchall()
        columns = Columns(span, step, _patience(rows))
        for row in rows:
            columns.put(*row)
        columns.break_at(time for (time,) in found)
        return columns.points()

    def samples(self, channel: str, span: TimeSpan) -> Iterator[Samples]:
        """Yield every reading, some at a time."""
        series = _series(channel)
        if series is None:
            return
        with closing(self._opened()) as store:
            found = store.sql(readings(series, span)).project("epoch_us(time), value")
            for first in count(0, SLICE):
                rows = found.limit(SLICE, first).fetchall()
                if rows:
                    yield Samples.of_readings(*zip(*rows, strict=True))
                if len(rows) < SLICE:
                    return

    def marks(self, span: TimeSpan) -> HistoryMarks:
        """Return alerts and settings of outputs of all nodes, after alerts open before the span."""
        with closing(self._opened()) as store:
            found = _marks(store, marks(span, MARKS + 1))
            before = _marks(store, open_alerts_before(span.since, MARKS))
        return HistoryMarks([*before, *reversed(found[:MARKS])], len(found) <= MARKS)


class _ColumnRow(NamedTuple):
    """What the samples of one column come to; `first` and `last` are times in µs."""

    number: int
    first: int
    last: int
    low: float
    high: float


def _marks(store: OpenedStore, asked: str) -> list[HistoryMark]:
    rows = store.sql(asked).project("epoch_us(time), * EXCLUDE time").fetchall()
    return [HistoryMark(*row) for row in rows]


def _series(channel: str) -> FleetSeries | None:
    found = CHANNEL.fullmatch(channel)
    return FleetSeries(*found.groups()) if found else None


def _rows(store: OpenedStore, series: FleetSeries, span: TimeSpan, step: int) -> list[_ColumnRow]:
    """Return what columns come to: of windows if these fit, else of readings."""
    lengths = [(length, name) for length, name in WINDOWS if step % (length * MINUTE) == 0]
    if not lengths:
        asked = store.sql(columns_of_readings(series, span, step))
        columns = asked.project("number, epoch_us(first), epoch_us(last), low, high").fetchall()
        return [_ColumnRow(*row) for row in columns]
    minutes, name = lengths[0]
    asked = store.sql(columns_of_windows(series, span, name))
    found = asked.project("epoch_us(start), min, max").fetchall()
    end = minutes * MINUTE - 1
    return [_ColumnRow(begin // step, begin, begin + end, low, high) for begin, low, high in found]


def _patience(rows: Sequence[_ColumnRow]) -> int:
    """Return the silence, in µs, from which on there is a gap: what is usual, and some more.

    One in ten may be longer than what is usual, as with a dead band.
    """
    steps = sorted(after.first - before.first for before, after in pairwise(rows))
    return round(PATIENCE * steps[len(steps) * 9 // 10]) if steps else 0
