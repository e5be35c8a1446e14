"""Where events come from: a bus, or a file."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, TypeAlias

from edge_agent.errors import AgentError


class SourceUnavailable(AgentError):
    """There is no connection, or what is wanted may not be read."""

    exit_code: ClassVar[int] = 4


class DeadLetter(NamedTuple):
    """What no consumer can use; `event` is what was decoded, None if it is not even JSON."""

    reason: str
    event: object = None


class Introduction(NamedTuple):
    """What a node says of itself; it comes from outside and is not checked."""

    node: str
    info: dict[str, Any]


# An event as it was decoded, which keeps the contract of its type, or one of the others.
Delivery: TypeAlias = object | DeadLetter | Introduction


class Source(Protocol):
    """Hands over what arrives, at least once; one thread alone calls it."""

    interruptions: int  # how often the source may have lost what the bus had for this consumer

    def open(self) -> None:
        """Connect; raise `SourceUnavailable` if that is not possible now."""
        ...

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives within a time, as soon as something does.

        A connection that is lost is made again; meanwhile nothing arrives.
        """
        ...

    def close(self) -> None:
        """Disconnect; a second time does nothing."""
        ...
