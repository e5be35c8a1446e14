"""The offsets of one log that have not arrived although a higher one has."""

from bisect import bisect_right

from consumers.ranges import Range, Ranges, Room, size


class Holes:
    """Holes, each with the moment at which it was noticed, and what gap events say about them.

    Without room, the lowest hole is forgotten: what it lacks stays counted, in `forgotten`.
    """

    def __init__(self, room: Room) -> None:
        self.forgotten = 0
        self._room = room
        self._named = Ranges(room)
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._since: list[float] = []

    def open(self, first: int, last: int, at: float) -> None:
        """Note a hole above all others."""
        self._insert(len(self._firsts), first, last, at)

    def fill(self, offset: int) -> bool:
        """Take an offset out of its hole; return whether it was in one."""
        n = bisect_right(self._firsts, offset) - 1
        if n < 0 or offset > self._lasts[n]:
            return False
        first, last, since = self._firsts[n], self._lasts[n], self._since[n]
        self._remove(n)
        if first < offset:
            self._insert(n, first, offset - 1, since)
            n = bisect_right(self._firsts, offset)
        if offset < last:
            self._insert(n, offset + 1, last, since)
        return True

    def name(self, first: int, last: int) -> None:
        """Note a range that a gap event names: what is missing in it is not lost on the way."""
        self._named.add(first, last)

    def unnamed(self, before: float) -> tuple[Range, ...]:
        """Return what no gap event names, of the holes that were noticed up to a moment."""
        holes = zip(self._firsts, self._lasts, self._since, strict=True)
        old = ((first, last) for first, last, since in holes if since <= before)
        return tuple(part for hole in old for part in self._named.outside(*hole))

    def count(self) -> int:
        """Return how many offsets are missing, named or not."""
        return sum(self._lasts) - sum(self._firsts) + len(self._firsts)

    def _insert(self, n: int, first: int, last: int, since: float) -> None:
        while not self._room.take():
            if n == 0:
                self._forget(first, last)
                return
            self._forget(self._firsts[0], self._lasts[0])
            self._remove(0)
            n -= 1
        self._firsts.insert(n, first)
        self._lasts.insert(n, last)
        self._since.insert(n, since)

    def _remove(self, n: int) -> None:
        del self._firsts[n], self._lasts[n], self._since[n]
        self._room.give(1)

    def _forget(self, first: int, last: int) -> None:
        self.forgotten += size(tuple(self._named.outside(first, last)))
        self._named.forget(last)
