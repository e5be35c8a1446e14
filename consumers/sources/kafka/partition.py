"""How far a partition is done with: nothing is committed beyond the oldest open record."""

from typing import NamedTuple


class Handed:
    """A record that was handed over; `next` is the offset behind it and what it does not want."""

    def __init__(self, place: "OwnedPartition", next_: int) -> None:
        self.place = place
        self.next = next_


class OwnedPartition:
    """A partition while it is ours: from its assignment to its revocation.

    `done` is the offset from which another consumer would go on, -1 if that has not changed since.
    """

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.owned = True
        self.done = -1
        self.committed = -1
        self._latest: Handed | None = None

    def hand_over(self, offset: int) -> Handed:
        """Note that the deliveries of a record are handed over; return what acknowledges it."""
        self._latest = Handed(self, offset + 1)
        return self._latest

    def skip(self, offset: int) -> None:
        """Note a record without a wanted event: it is done with as soon as those before it are."""
        if self._latest is None:
            self.done = offset + 1
        else:
            self._latest.next = offset + 1

    def acknowledge(self, handed: Handed) -> None:
        """Note that a record is done with: the oldest that was not yet."""
        self.done = handed.next
        if handed is self._latest:
            self._latest = None

    @property
    def dirty(self) -> bool:
        """Whether a commit would say something new."""
        return self.owned and self.done > self.committed


class Taken(NamedTuple):
    """A record as it came from the library."""

    place: OwnedPartition
    offset: int
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
