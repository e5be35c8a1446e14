"""The numbers of series: a row names its series by number, which is small."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from consumers.aggregate.group import EventGroup
from consumers.aggregate.windows import Series, Windows

ReadingRow: TypeAlias = tuple[datetime, int, float, str, int]
SeriesRow: TypeAlias = tuple[int, str, str, str]
FoundRow: TypeAlias = tuple[str, str, str, int]

MOST = 200_000  # series that are remembered: some 60 MB


class SeriesNumbers:
    """Numbers series from 0 on, in the order in which they come.

    It remembers at most MOST of them beside those of one group, and finds the others in the
    store: `find` gets series, and returns names and number of those that the store has.
    """

    def __init__(self, find: Callable[[Sequence[Series]], Iterable[FoundRow]], count: int) -> None:
        """Begin with the `count` series that the store has."""
        self._find = find
        self._count = count
        self._numbers: dict[Series, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    def new_rows(self, group: EventGroup, windows: Windows) -> list[SeriesRow]:
        """Return rows for the series of a group that had no number; they have one now."""
        wanted = {series for series, _ in group.readings()}
        wanted |= {Series(*window[2:]) for window in windows}
        self._recall(wanted)
        new = [series for series in wanted if series not in self._numbers]
        rows = [(number, *each) for number, each in enumerate(new, self._count)]
        self._numbers |= {Series(*names): number for number, *names in rows}
        self._count += len(rows)
        return rows

    def reading_rows(self, group: EventGroup) -> list[ReadingRow]:
        """Return the rows of a group's readings, whose series have numbers."""
        rows: list[ReadingRow] = []
        for series, readings in group.readings():
            number = self._numbers[series]
            rows += [(time, number, value, log, offset) for time, offset, value, log in readings]
        return rows

    def window_rows(self, windows: Windows) -> list[tuple[object, ...]]:
        """Return the rows of what is to be added to windows, whose series have numbers."""
        self._recall({Series(*window[2:]) for window in windows})
        return [
            (length, start, self._numbers[Series(*series)], *sums)
            for (length, start, *series), sums in windows.items()
        ]

    def _recall(self, wanted: set[Series]) -> None:
        """Remember the series that are wanted, if the store has them."""
        if not (unknown := wanted - self._numbers.keys()):
            return
        if len(self._numbers) + len(unknown) > MOST:
            self._numbers.clear()
            unknown = wanted
        if len(self._numbers) < self._count:
            found = self._find(sorted(unknown))
            self._numbers |= {Series(*names): number for *names, number in found}
