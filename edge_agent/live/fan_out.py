"""Hands each value to several listeners, none of which may block."""

from collections.abc import Callable
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
