"""A real bus to test a source with, and messages as agents publish them."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from consumers.source import SourcePlan
from edge_agent.testing.destination import NODE

LOG = "c0ffee"
BEGIN = datetime(2026, 1, 15, 8, tzinfo=UTC)


class Published(NamedTuple):
    """What an agent publishes: an event, a batch of events, or anything else that arrives."""

    payload: bytes
    node: str = NODE


class Origin(ABC):
    """A real bus that a source reads: a test publishes to it, and can stop and start it.

    Every test gets an empty one. What the source has not received stays on the bus while it is
    stopped.
    """

    window: int = 1_000  # deliveries that the source hands over at most before an acknowledgement
    largest: int = 200_000  # bytes of a message that the bus certainly takes

    @abstractmethod
    def plan(self, group: str, member: str = "", nodes: tuple[str, ...] = ()) -> SourcePlan:
        """Return the plan of a source that reads from here; a new group begins at the beginning."""

    @abstractmethod
    def publish(self, messages: Sequence[Published]) -> None:
        """Publish messages in order, as the sink of an agent does, until the bus has them all."""

    @abstractmethod
    def stop(self) -> None:
        """End all connections, and accept none from now on."""

    @abstractmethod
    def start(self) -> None:
        """Accept connections again."""


def event(n: int, log: str = LOG, node: str = NODE, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an event as an agent delivers it."""
    return {
        "specversion": "1.0",
        "id": f"{log}:{n}",
        "source": f"urn:edge:{node}",
        "type": "edge.reading.v1",
        "subject": "air",
        "time": (BEGIN + timedelta(seconds=n)).isoformat().replace("+00:00", "Z"),
        "sequence": f"{n:016d}",
        "datacontenttype": "application/json",
        "data": {"values": {"temperature": n / 10}, "quality": "good"},
        **changes,
    }


def message(n: int, log: str = LOG, node: str = NODE, **changes: Any) -> Published:  # noqa: ANN401
    """Return the message of one event."""
    return Published(json.dumps(event(n, log, node, **changes)).encode(), node)


def messages(numbers: Iterable[int], log: str = LOG, node: str = NODE) -> list[Published]:
    """Return the messages of events with these offsets."""
    return [message(n, log, node) for n in numbers]


def ids(numbers: Iterable[int], log: str = LOG) -> list[str]:
    """Return the ids of events with these offsets."""
    return [f"{log}:{n}" for n in numbers]
