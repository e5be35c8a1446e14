"""When time alone changes something about rules: the earliest costs the same for any number."""

from heapq import heappop, heappush
from itertools import count

from edge_agent.clock import NEVER

OUTDATED = 100  # notes beyond those that count twice over: then they are removed


class DueRules:
    """Uptimes in µs by a rule's name; of two that are equal, the one noted first comes first."""

    def __init__(self) -> None:
        self._notes = count()
        self._latest: dict[str, int] = {}  # the note that counts, by name
        self._heap: list[tuple[int, int, str]] = []  # when, the note, whose: others are outdated

    @property
    def first(self) -> int:
        """The earliest uptime; `NEVER` if there is none."""
        while self._heap and not self._counts(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else NEVER

    def note(self, name: str, at: int | None) -> None:
        """Note when a rule is due from now on; None if time alone changes nothing about it."""
        self._latest.pop(name, None)
        if at is not None:
            self._latest[name] = number = next(self._notes)
            heappush(self._heap, (at, number, name))
        if len(self._heap) > 2 * len(self._latest) + OUTDATED:
            self._heap = sorted(filter(self._counts, self._heap))

    def until(self, uptime: int) -> list[str]:
        """Return the rules that are due by `uptime`; they stay so until noted otherwise."""
        found = []
        while self.first <= uptime:
            found.append(heappop(self._heap))
        for one in found:
            heappush(self._heap, one)
        return [name for _, _, name in found]

    def _counts(self, one: tuple[int, int, str]) -> bool:
        _, number, name = one
        return self._latest.get(name) == number
