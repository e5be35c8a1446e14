"""Messages that were handed over and are not acknowledged yet."""

from collections import deque
from typing import Generic, TypeVar

Token = TypeVar("Token")


class Pending(Generic[Token]):
    """Messages in the order of their arrival; `len` is the number of their deliveries.

    A message has any number of deliveries: a batch has many, one without a wanted event has none.
    Its token is what the bus needs to forget it.
    """

    def __init__(self) -> None:
        self._messages: deque[tuple[Token, int]] = deque()
        self._acknowledged = 0  # of the deliveries of the first message
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, token: Token, deliveries: int) -> None:
        """Note that the deliveries of a message are handed over."""
        self._messages.append((token, deliveries))
        self._count += deliveries

    def acknowledge(self, count: int) -> list[Token]:
        """Acknowledge the oldest deliveries; return the messages that are done with, in order.

        Raise ValueError if there are not so many.
        """
        if not 0 <= count <= self._count:
            raise ValueError(f"{count} of {self._count} deliveries cannot be acknowledged")
        self._count -= count
        self._acknowledged += count
        done = []
        while self._messages and self._messages[0][1] <= self._acknowledged:
            token, deliveries = self._messages.popleft()
            self._acknowledged -= deliveries
            done.append(token)
        return done
