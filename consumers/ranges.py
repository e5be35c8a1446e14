"""Offsets as inclusive ranges, so that a million in a row take no more room than one."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

Range: TypeAlias = tuple[int, int]
EXAMPLES = 20


class Room:
    """How many more ranges may be kept, by all that share it."""

    def __init__(self, ranges: int) -> None:
        self._left = ranges

    def take(self) -> bool:
        """Reserve room for one range; return whether there was any."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def give(self, ranges: int) -> None:
        """Return the room of ranges that are not kept any more."""
        self._left += ranges


class Ranges:
    """A set of offsets; neighbouring ranges become one."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __iter__(self) -> Iterator[Range]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        return len(self._firsts)

    @property
    def highest(self) -> int | None:
        """Return the highest offset."""
        return self._lasts[-1] if self._lasts else None

    def find(self, offset: int) -> Range | None:
        """Return the range that has an offset."""
        n = bisect_right(self._firsts, offset) - 1
        if n < 0 or self._lasts[n] < offset:
            return None
        return self._firsts[n], self._lasts[n]

    def add(self, first: int, last: int) -> bool:
        """Add a range; without room, it is left out, and the result is False."""
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low == high and not self._room.take():
            return False
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
            self._room.give(high - low - 1)
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]
        return True

    def extend(self, offset: int) -> int | None:
        """Add an offset that follows the highest; return where its range begins, None if not."""
        if not self._lasts or self._lasts[-1] + 1 != offset:
            return None
        self._lasts[-1] = offset
        return self._firsts[-1]

    def split(self, offset: int) -> bool:
        """Remove one offset that is in the set; without room for the rest, it stays."""
        first, last = self.find(offset) or (offset, offset)
        if first < offset < last and not self._room.take():
            return False
        n = bisect_left(self._firsts, first)
        parts = [(a, b) for a, b in ((first, offset - 1), (offset + 1, last)) if a <= b]
        self._firsts[n : n + 1] = [a for a, _ in parts]
        self._lasts[n : n + 1] = [b for _, b in parts]
        self._room.give(not parts)
        return True

    def fill_lowest(self) -> Range:
        """Add what lies between the two lowest ranges; return where these began."""
        below, above = self._firsts[:2]
        del self._firsts[1], self._lasts[0]
        self._room.give(1)
        return below, above

    def outside(self, first: int, last: int) -> Iterator[Range]:
        """Yield the parts of a range that are not in the set, ascending."""
        for n in range(bisect_left(self._lasts, first), len(self._firsts)):
            if self._firsts[n] > last:
                break
            if self._firsts[n] > first:
                yield first, self._firsts[n] - 1
            first = self._lasts[n] + 1
        if first <= last:
            yield first, last

    def forget(self, last: int) -> None:
        """Remove the ranges that end at or below `last`."""
        count = bisect_right(self._lasts, last)
        del self._firsts[:count], self._lasts[:count]
        self._room.give(count)


class Offsets(NamedTuple):
    """How many offsets; `ranges` may name only some of them."""

    total: int
    ranges: tuple[Range, ...]


class Tally:
    """Counts offsets, each as often as it is added, and keeps the first few ranges."""

    def __init__(self) -> None:
        self._count = 0
        self._ranges = Ranges(Room(EXAMPLES))

    def add(self, offset: int) -> None:
        """Count an offset."""
        self._count += 1
        self._ranges.add(offset, offset)

    def offsets(self) -> Offsets:
        """Return what was counted so far."""
        return Offsets(self._count, tuple(self._ranges))


def size(ranges: tuple[Range, ...]) -> int:
    """Return how many offsets the ranges have, if none overlap."""
    return sum(last - first + 1 for first, last in ranges)
