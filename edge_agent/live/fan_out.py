"""Hands each value to several listeners, none of which may block."""

from collections.abc import Callable, Collection, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class FanOut(Generic[T]):
    """Hands each value to every listener, in any thread.

    The main thread alone sets `listeners`, whole: a reload exchanges them between two values.
    """

    def __init__(self, listeners: tuple[Callable[[T], None], ...] = ()) -> None:
        self.listeners = listeners

    def put(self, value: T) -> None:
        """Hand a value over."""
        for listener in self.listeners:
            listener(value)


class LatestFanOut(FanOut[T]):
    """Keeps the latest value of each key as well, for listeners that come later.

    One thread at a time may put values that have a key, and repeat them; those with the key None
    are not kept.
    """

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        super().__init__()
        self._key = key
        self._latest: dict[Hashable, T] = {}

    def put(self, value: T) -> None:
        """Hand a value over, and keep it."""
        key = self._key(value)
        if key is not None:
            self._latest[key] = value
        super().put(value)

    def keep(self, wanted: Collection[Hashable]) -> set[Hashable]:
        """Forget the values of other keys; return the wanted ones that have no value yet."""
        self._latest = {key: one for key, one in self._latest.items() if key in wanted}
        return set(wanted) - self._latest.keys()

    def repeat(self, listener: Callable[[T], None]) -> None:
        """Hand the latest value of each key to one listener."""
        for value in self._latest.values():
            listener(value)
