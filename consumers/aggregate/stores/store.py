"""What keeps the rows of groups: in one file, or in a server."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import ClassVar, Protocol

from consumers.aggregate.group import EventGroup
from consumers.inbox.progress import DoneRange, ProgressChanges
from edge_agent.errors import AgentError

READINGS, EVENTS = "readings", "events"  # what expires, beside windows by the name of their length


class StoreUnavailable(AgentError):
    """The store cannot take anything now; the caller repeats the same transaction."""

    exit_code: ClassVar[int] = 4


class Store(Protocol):
    """Keeps rows; one thread alone calls it.

    What may pass, such as a server that restarts, is `StoreUnavailable`; the caller tries again.
    """

    def open(self) -> None:
        """Create what is missing; raise AgentError if that is not possible."""
        ...

    def name(self, proposal: str) -> str:
        """Return the store's own name; it gets the proposed one if it has none yet."""
        ...

    def load(self) -> Iterable[DoneRange]:
        """Return the ranges of offsets that were committed."""
        ...

    def save(self, changes: ProgressChanges) -> None:
        """Store changes of the ranges, in the transaction that is open."""
        ...

    def untimed(self) -> Iterable[tuple[str, int]]:
        """Return log and offset of the events that wait for their time."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Keep all of what is done inside, or nothing; the disk has it afterwards.

        If StoreUnavailable ends it, the next transaction must be the same one: it has no effect
        if the first was kept after all, as when the connection breaks during the commit.
        """
        ...

    def add(self, group: EventGroup, timed: Iterable[tuple[str, int]]) -> None:
        """Add rows in the transaction that is open.

        `timed` are those of the group that waited for their time until now.
        """
        ...

    def expire(self, before: Mapping[str, datetime]) -> None:
        """Delete what is older: READINGS, EVENTS, and windows by the name of their length."""
        ...

    def close(self) -> None:
        """Give the file or the connection back; a second time does nothing."""
        ...
