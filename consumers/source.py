"""Where events come from: a bus, or a file."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

import msgspec

from consumers.received_event import ReceivedEvent
from edge_agent.errors import AgentError
from edge_agent.topic_names import TOPIC


class SourceUnavailable(AgentError):
    """There is no connection, or what is wanted may not be read."""

    exit_code: ClassVar[int] = 4


class DeadLetter(NamedTuple):
    """What no consumer can use; `event` is what was decoded, None if it is not even JSON.

    `payload` is the start of what arrived if it could not be decoded.
    """

    reason: str
    event: object = None
    payload: bytes = b""


class Introduction(NamedTuple):
    """What a node says of itself; it comes from outside and is not checked."""

    node: str
    info: dict[str, Any]


Delivery: TypeAlias = ReceivedEvent | DeadLetter | Introduction


class SourcePlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted, and from where.

    `group` is the name under which the bus keeps our place, so that the next start resumes there;
    without one, reading begins with what is new. A `member` is one of several that share the work
    of a group; it keeps its name at a restart. `nodes` are those that are wanted, all if empty.
    `topic` is how the topics of an MQTT broker begin, as in `[mqtt]` of the agents.
    """

    url: str
    nodes: tuple[str, ...] = ()
    group: str = ""
    member: str = ""
    start: Literal["now", "beginning"] = "now"  # where a group without a place begins
    state: str = ""  # directory for the place of a group, if the bus keeps none
    topic: str = TOPIC
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    ca: str = ""  # this and the next are paths of PEM files
    certificate: str = ""
    key: str = ""


class Source(Protocol):
    """Hands over what arrives, at least once; one thread alone calls it."""

    @property
    def interruptions(self) -> int:
        """Return how often the source may have lost what the bus had for this consumer."""
        ...

    @property
    def connected(self) -> bool:
        """Return whether the bus can hand over events now, as far as the source knows."""
        ...

    def open(self) -> None:
        """Connect; raise `SourceUnavailable` if that is not possible now."""
        ...

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives within a time, as soon as something does.

        A connection that is lost is made again; meanwhile nothing arrives.
        """
        ...

    def acknowledge(self, count: int) -> None:
        """Say that the oldest `count` deliveries that were not acknowledged yet are done with.

        The bus may forget them; what is not acknowledged arrives again, at the latest after a
        restart. A source keeps a bounded number of deliveries that are not acknowledged, and
        receives nothing more until some are.
        """
        ...

    def close(self) -> None:
        """Disconnect; a second time does nothing."""
        ...
