"""What an AsyncAPI document says of one node: values only."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

Form: TypeAlias = Literal["structured", "binary", "batch", "avro"]


class ChannelDescription(NamedTuple):
    """One quantity of a device; `low` and `high`, in `unit`, are infinite if there is no limit."""

    name: str
    quantity: str
    unit: str
    low: float
    high: float


class DeviceDescription(NamedTuple):
    """A device: the driver's name, the seconds between its readings, and its channels."""

    name: str
    driver: str
    every: float
    channels: tuple[ChannelDescription, ...]


class ServerDescription(NamedTuple):
    """Where a sink's events go: a scheme, and a host with its port, which hold no secret."""

    scheme: str
    host: str


class SinkDescription(NamedTuple):
    """A sink that is reached over a network.

    `topics` is how its topics begin if it has one for each source, as MQTT does; `live` says that
    it shows what is true now; `form`, what its messages hold: an event whole or its data alone as
    JSON, an array of events, or Avro.
    """

    name: str
    servers: tuple[ServerDescription, ...]
    kinds: frozenset[str]
    topics: str = ""
    live: bool = False
    commands: bool = False
    form: Form = "structured"
    retained: bool = False
    login: bool = False


class NodeDescription(NamedTuple):
    """A node as configured; `commands` holds the structs of the commands that it accepts.

    `diagnostics` says that it shows what it measures of itself.
    """

    name: str
    version: str  # of edge-agent
    devices: tuple[DeviceDescription, ...]
    rules: tuple[str, ...]
    outputs: tuple[str, ...]
    aggregates: bool
    sinks: tuple[SinkDescription, ...]
    commands: Mapping[str, type[msgspec.Struct]]
    diagnostics: bool = False

    @property
    def alerts(self) -> tuple[str, ...]:
        """The names of all alerts: of the rules, and of outputs that may not be safe."""
        return (*self.rules, *(f"output-{name}" for name in self.outputs))
