"""Until when the messages of a queue are ours: then SQS gives them to any of its readers."""

from collections.abc import Sequence

MOST_ENTRIES = 10  # of one request


class Leases:
    """The messages that are neither deleted nor given back, by receipt handle; earliest end first.

    Times are in seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self._ends: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, handle: str, end: float) -> None:
        """Note a message that was received."""
        self._ends.pop(handle, None)
        self._ends[handle] = end

    def ending(self, before: float) -> Sequence[str]:
        """Return what ends before a time, as many as fit into one request."""
        found: list[str] = []
        for handle, end in self._ends.items():
            if end >= before or len(found) == MOST_ENTRIES:
                break
            found.append(handle)
        return found

    def extend(self, handles: Sequence[str], end: float) -> None:
        """Note a later end, except for what was removed meanwhile."""
        for handle in handles:
            if handle in self._ends:
                self.add(handle, end)

    def remove(self, handles: Sequence[str]) -> None:
        """Forget messages; those that are not known are ignored."""
        for handle in handles:
            self._ends.pop(handle, None)
