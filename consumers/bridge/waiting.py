"""What a bridge has received, and the source has not forgotten yet."""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from edge_agent.events import RelayedEvent


class Item(NamedTuple):
    """A delivery: `event` is None if no sink gets it.

    `letter` is the key of the dead letter that it was; the source does not know such an item.
    """

    event: RelayedEvent | None
    letter: str = ""


class Waiting:
    """Items in the order of their arrival."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self.letters = 0  # how many of them were dead letters

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item) -> None:
        """Take an item."""
        self._items.append(item)
        self.letters += bool(item.letter)

    def events(self, most: int) -> Sequence[RelayedEvent]:
        """Return the oldest events."""
        return [one.event for one in islice(self._items, most) if one.event]

    def settle(self, events: int) -> list[Item]:
        """Remove so many events, and what waits for none of the others; return what it was."""
        done = []
        while self._items and (events or self._items[0].event is None):
            done.append(self._items.popleft())
            events -= done[-1].event is not None
            self.letters -= bool(done[-1].letter)
        return done
