"""What a thread takes from others: a queue, or one that gathers what need not be taken at once."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

GATHERED = 0.02  # seconds in which one wake-up serves all that comes
ENOUGH = 1000  # items: more are not gathered

T = TypeVar("T")
Taken_co = TypeVar("Taken_co", covariant=True)


class Incoming(Protocol[Taken_co]):
    """The end of a queue from which its one reader takes."""

    def get(self, *, timeout: float) -> Taken_co:
        """Return the next item; raise Empty if none comes within `timeout` seconds."""
        ...

    def get_nowait(self) -> Taken_co:
        """Return the next item; raise Empty if there is none."""
        ...

    def qsize(self) -> int:
        """Return how many items there are."""
        ...


def arrived(inbox: Incoming[T]) -> Iterator[T]:
    """Yield the items that are there, without waiting for more."""
    with suppress(Empty):
        while True:
            yield inbox.get_nowait()


class GatheringInbox(Generic[T]):
    """A queue that wakes its reader once for all that comes within `seconds`.

    What is `urgent` wakes it at once, and all that came before is taken with it. Any thread may
    put, one thread reads: to wake it for each item costs more than most items do.
    """

    def __init__(self, seconds: float, urgent: Callable[[T], bool]) -> None:
        self._seconds = seconds
        self._is_urgent = urgent
        self._items: deque[T] = deque()
        self._woken: SimpleQueue[None] = SimpleQueue()
        # A thread that puts looks at these afterwards; the reader sets them before it looks: one of
        # the two sees the other, whichever comes first.
        self._idle = self._urgent = False

    def put(self, item: T) -> None:
        """Hand an item over, from any thread."""
        self._items.append(item)
        if self._is_urgent(item):
            self._urgent = True
        if self._urgent or self._idle:
            self._idle = False
            self._woken.put(None)

    def get(self, *, timeout: float) -> T:
        """Return the next item, when it is urgent or others were gathered; raise Empty."""
        until = time.monotonic() + timeout
        if not self._items:
            self._urgent = False
            self._await_first(until)
        if not self._urgent:
            self._gather(until)
        return self._items.popleft()

    def get_nowait(self) -> T:
        """Return the next item at once; raise Empty if there is none."""
        try:
            return self._items.popleft()
        except IndexError:
            raise Empty from None

    def qsize(self) -> int:
        """Return how many items there are."""
        return len(self._items)

    def _await_first(self, until: float) -> None:
        while True:
            self._idle = True
            if self._items:
                break
            if (left := until - time.monotonic()) < 0:
                self._idle = False
                raise Empty
            self._wait(left)
        self._idle = False

    def _gather(self, until: float) -> None:
        """Wait for more, but never beyond the time that the reader gave."""
        until = min(until, time.monotonic() + self._seconds)
        while not self._urgent and len(self._items) < ENOUGH:
            if (left := until - time.monotonic()) <= 0:
                return
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        try:
            self._woken.get(timeout=seconds)
        except Empty:
            return
