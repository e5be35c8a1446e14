"""Which events of one log are done, and what of that is not saved yet."""

from collections.abc import Iterable

from consumers.inbox.progress import DoneRange
from consumers.ranges import Range, Ranges, Room

MOST = 10_000  # ranges of a log


class DoneOffsets:
    """A set of offsets as ranges, at most MOST of them.

    Beyond that, the lowest hole is closed: what it lacks counts as done from then on.
    """

    def __init__(self, room: Room, saved: Iterable[Range] = ()) -> None:
        self._ranges = Ranges(room)
        self._touched: set[int] = set()  # where ranges that have changed begin, or began
        for first, last in saved:
            self._ranges.add(first, last)

    def __contains__(self, offset: int) -> bool:
        return self._ranges.find(offset) is not None

    @property
    def highest(self) -> int | None:
        """Return the highest offset."""
        return self._ranges.highest

    def extend(self, offset: int) -> bool:
        """Add an offset if it follows the highest, which needs no room; return whether it does."""
        first = self._ranges.extend(offset)
        if first is None:
            return False
        self._touched.add(first)
        return True

    def add(self, offset: int) -> bool:
        """Add an offset; return False, and leave it out, if not even a hole could make room."""
        below, above = self._ranges.find(offset - 1), self._ranges.find(offset + 1)
        if below is None and above is None and len(self._ranges) >= MOST:
            self._close_lowest_hole()
        if not self._ranges.add(offset, offset):
            if len(self._ranges) < 2:
                return False
            self._close_lowest_hole()
            return self.add(offset)
        self._touched.add(below[0] if below else offset)
        if above:
            self._touched.add(above[0])
        return True

    def discard(self, offset: int) -> None:
        """Take an offset out again, if there is room for what is left of its range."""
        found = self._ranges.find(offset)
        if found and self._ranges.split(offset):
            self._touched |= {found[0], offset + 1}

    def changes(self, log: str) -> tuple[list[tuple[str, int]], list[DoneRange]]:
        """Return what is gone and what has grown since the last `saved`."""
        gone, grown = [], []
        for first in self._touched:
            found = self._ranges.find(first)
            if found and found[0] == first:
                grown.append(DoneRange(log, *found))
            else:
                gone.append((log, first))
        return gone, grown

    def saved(self) -> None:
        """Note that the changes are stored."""
        self._touched.clear()

    def forget(self, log: str) -> list[tuple[str, int]]:
        """Drop every range; return the keys of those that may be stored."""
        keys = {first for first, _ in self._ranges} | self._touched
        if self.highest is not None:
            self._ranges.forget(self.highest)
        return [(log, first) for first in keys]

    def _close_lowest_hole(self) -> None:
        self._touched.update(self._ranges.fill_lowest())
