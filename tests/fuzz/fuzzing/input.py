"""Bytes as a source of choices: the same bytes make the same choices, with any fuzzer."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Input:
    """Takes choices from the beginning of some bytes; behind their end, everything is zero."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return max(len(self._data) - self._at, 0)

    def take(self, count: int) -> bytes:
        """Return so many bytes."""
        found = self._data[self._at : self._at + count]
        self._at += count
        return found.ljust(count, b"\0")

    def rest(self) -> bytes:
        """Return what is left."""
        return self.take(self.left)

    def number(self, below: int) -> int:
        """Return a number from 0 on."""
        return int.from_bytes(self.take(1 if below <= 256 else 4)) % below

    def choice(self, options: Sequence[T]) -> T:
        """Return one of the options; the first behind the end."""
        return options[self.number(len(options))]

    def text(self) -> str:
        """Return up to 255 characters: of any kind, but mostly ASCII."""
        return self.take(min(self.number(256), self.left)).decode(errors="replace")
