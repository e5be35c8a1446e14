"""The numbers of series: a row names its series by number, which is small."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from consumers.aggregate.group import EventGroup
from consumers.aggregate.windows import Series, Windows

ReadingRow: TypeAlias = tuple[datetime, int, float, str, int]
SeriesRow: TypeAlias = tuple[int, str, str, str]


class SeriesNumbers:
    """Numbers series from 0 on, in the order in which they come."""

    def __init__(self, rows: Iterable[tuple[str, str, str, int]] = ()) -> None:
        """Take the rows that a store has: names and number."""
        self._numbers = {Series(*names): number for *names, number in rows}

    def new_rows(self, group: EventGroup, windows: Windows) -> list[SeriesRow]:
        """Return rows for the series of a group that had no number; they have one now."""
        wanted = {series for series, _ in group.readings()}
        wanted |= {Series(*window[2:]) for window in windows}
        new = [series for series in wanted if series not in self._numbers]
        rows = [(number, *each) for number, each in enumerate(new, len(self._numbers))]
        self._numbers |= {Series(*names): number for number, *names in rows}
        return rows

    def reading_rows(self, group: EventGroup) -> list[ReadingRow]:
        """Return the rows of a group's readings."""
        rows: list[ReadingRow] = []
        for series, readings in group.readings():
            number = self._numbers[series]
            rows += [(time, number, value, log, offset) for time, offset, value, log in readings]
        return rows

    def window_rows(self, windows: Windows) -> list[tuple[object, ...]]:
        """Return the rows of what is to be added to windows."""
        return [
            (length, start, self._numbers[Series(*series)], *sums)
            for (length, start, *series), sums in windows.items()
        ]
