"""Which messages a consumer is not done with yet."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MOST_EVENTS = 10_000
MOST_BYTES = 20_000_000


@dataclass
class OpenMessage:
    """A message with so many deliveries that are not acknowledged; `finish` acknowledges it."""

    deliveries: int
    size: int
    finish: Callable[[], None]


class Unacknowledged:
    """Messages in the order of their arrival; one is acknowledged when all its deliveries are."""

    def __init__(self) -> None:
        self._messages: deque[OpenMessage] = deque()
        self._deliveries = 0
        self._size = 0

    @property
    def full(self) -> bool:
        """Return whether nothing more should be received until some are acknowledged."""
        return self._deliveries >= MOST_EVENTS or self._size >= MOST_BYTES

    def add(self, message: OpenMessage) -> None:
        """Take a message; one without deliveries waits only for those before it."""
        self._messages.append(message)
        self._deliveries += message.deliveries
        self._size += message.size
        self._finish()

    def settle(self, count: int) -> None:
        """Acknowledge the oldest deliveries; raise ValueError if there are not so many."""
        if not 0 <= count <= self._deliveries:
            raise ValueError(f"{count} of {self._deliveries} deliveries cannot be acknowledged")
        self._deliveries -= count
        while count:
            oldest = self._messages[0]
            part = min(count, oldest.deliveries)
            oldest.deliveries -= part
            count -= part
            self._finish()

    def _finish(self) -> None:
        while self._messages and not self._messages[0].deliveries:
            done = self._messages.popleft()
            self._size -= done.size
            done.finish()
