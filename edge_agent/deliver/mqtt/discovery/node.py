"""What Home Assistant can discover of a node: values only."""

from typing import Literal, NamedTuple, TypeAlias

OutputKind: TypeAlias = Literal["switch", "outlet", "light", "number"]

CURRENT = 3.0  # intervals for which a value counts as current
GRACE = 10.0  # seconds on top: retries and a slow conversion


class DiscoveredChannel(NamedTuple):
    """A device's channel; a `rising` one never falls, except to begin again."""

    device: str
    name: str
    title: str
    quantity: str
    unit: str
    decimals: int | None
    every: float  # seconds
    rising: bool
    device_class: str = ""  # of a contact: only the user knows it


class DiscoveredOutput(NamedTuple):
    """An output; a `continuous` one takes every value from 0 to 1."""

    name: str
    title: str
    kind: OutputKind
    continuous: bool


class DiscoveredAlert(NamedTuple):
    """An alert; one of a `rule` can be acknowledged."""

    name: str
    title: str
    rule: bool


class DiscoveredNode(NamedTuple):
    """A node; `id` is as what Home Assistant knows it, `commands` are those that it takes.

    `topics` is how the node's topics begin.
    """

    name: str
    id: str
    topics: str
    version: str
    commands: frozenset[str]
    channels: tuple[DiscoveredChannel, ...]
    outputs: tuple[DiscoveredOutput, ...]
    alerts: tuple[DiscoveredAlert, ...]
    sinks: tuple[str, ...]

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices whose channels are discovered."""
        return tuple(dict.fromkeys(one.device for one in self.channels))


def current_seconds(every: float) -> float:
    """Return for how many seconds a value is current that is measured `every` so many."""
    return CURRENT * every + GRACE


def spaced(name: str) -> str:
    """Return a name of the configuration as people write it."""
    return name.replace("_", " ").replace("-", " ").strip() or name


def title(name: str) -> str:
    """Return a name of the configuration as a title."""
    text = spaced(name)
    return text[:1].upper() + text[1:]
