"""What is known of each node of a fleet: values, windows, clock, and when it was last heard.

Times are µs since 1970. Values count from the time of their event, what concerns the node itself
from the arrival. No clock, no I/O; memory is bounded.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from consumers.introduction import KnownSinks
from consumers.received_event import ReceivedEvent
from edge_agent.evaluate.expressions.expression import Span
from edge_agent.evaluate.expressions.windows import Window
from edge_agent.events import GOOD

AHEAD = 60_000_000  # µs: a clock that is more than this ahead is off
NODES = 10_000
CHANNELS = 1000  # of one node, and devices
DEVICE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
CHANNEL = re.compile(r"\w{1,64}", re.ASCII)

NodeClock: TypeAlias = Literal["", "right", "late", "ahead", "unset"]


class NodeState(msgspec.Struct, omit_defaults=True):
    """What is saved of a node.

    `clock` says how the time of its latest event was: right, too late to be judged, ahead of ours,
    or not set. `failing` has, by device, since when no reading was right; `measured` the latest
    right value of each channel with its time, and `seen` that time even if there is no value now.
    """

    heard_at: int | None = None
    clock: NodeClock = ""
    lost_at: int | None = None
    failing: dict[str, int] = {}
    measured: dict[str, tuple[float, int]] = {}
    seen: dict[str, int] = {}


class FleetNode:
    """One node: its state, and the windows that rules use."""

    def __init__(self, name: str, state: NodeState, spans: Iterable[Span]) -> None:
        self.name = name
        self.state = state
        self.windows = {(one.channel, one.seconds): Window(one.seconds, one.hole) for one in spans}
        self.latest: dict[str, int] = {}  # the time of each device's latest reading

    def store(self, device: str, values: Mapping[str, float], quality: str, at: int) -> list[str]:
        """Replace the device's values by those of a reading; return the channels concerned."""
        if len(self.latest) < CHANNELS or device in self.latest:
            self.latest[device] = at
        before = [name for name in self.state.measured if name.partition(".")[0] == device]
        for name in before:
            del self.state.measured[name]
        for channel, value in values.items():
            self._store(f"{device}.{channel}", value, at)
        if quality == GOOD:
            self.state.failing.pop(device, None)
        elif len(self.state.failing) < CHANNELS:
            self.state.failing.setdefault(device, at)
        return [*before, *(f"{device}.{channel}" for channel in values)]

    def _store(self, name: str, value: float, at: int) -> None:
        if name not in self.state.seen and len(self.state.seen) >= CHANNELS:
            return
        self.state.measured[name] = (value, at)
        self.state.seen[name] = at
        for (channel, _), window in self.windows.items():
            if channel == name:
                window.add(at, value)


class FleetNodes:
    """All nodes by name; takes their events.

    `lateness` is in µs; `spans` are the windows that rules use of every node. `counts` has, by
    reason, how many readings no rule has seen.
    """

    def __init__(
        self, states: Mapping[str, NodeState], spans: Mapping[str, Iterable[Span]], lateness: int
    ) -> None:
        """`spans` has the windows by the node's name, under "" those of every node."""
        self._spans = spans
        self._lateness = lateness
        self.nodes = {name: self._node(name, state) for name, state in states.items()}
        self.changed: set[str] = set()
        self._sinks = KnownSinks(NODES)
        self.counts: Counter[str] = Counter()

    def expect(self, names: Iterable[str]) -> None:
        """Add nodes that have to exist."""
        for name in names:
            self.nodes.setdefault(name, self._node(name, NodeState()))

    def forget(self, name: str) -> None:
        """Remove a node."""
        self.nodes.pop(name, None)
        self.changed.discard(name)

    def introduce(self, name: str, info: object) -> None:
        """Take what a node says of itself: whether all its events are delivered here."""
        self._sinks.introduce(name, info)

    def lose(self, name: str, now: int) -> None:
        """Note that events of a node are lost, and that no gap event explains it.

        What is missing of a node that delivers only some kinds of event here means nothing.
        """
        if not self._sinks.partial(name) and (node := self._known(name)) is not None:
            node.state.lost_at = now

    def take(self, event: ReceivedEvent, now: int) -> list[str]:
        """Take an event that has arrived; return the channels whose values it may change."""
        node = self._known(event.node)
        if node is None or event.replay:
            if event.kind == "reading":
                self.counts["replayed" if node else "too many nodes"] += 1
            return []
        at = round(event.time.timestamp() * 1e6)
        node.state.heard_at = now
        node.state.clock = clock = self._clock(at, now, trusted=event.trusted)
        if (event.kind, event.version) != ("reading", 1):
            return []
        if clock != "right":
            self.counts[clock] += 1
            return []
        if not DEVICE.fullmatch(event.subject):
            self.counts["not a device"] += 1
            return []
        return self._store(node, event.subject, event.data, min(at, now))

    def _store(self, node: FleetNode, device: str, data: Mapping[str, Any], at: int) -> list[str]:
        values = {name: one for name, one in data["values"].items() if CHANNEL.fullmatch(name)}
        if at < node.latest.get(device, 0):
            self.counts["out of order"] += 1
            return []
        return node.store(device, values, data["quality"], at)

    def _clock(self, at: int, now: int, *, trusted: bool) -> NodeClock:
        if not trusted:
            return "unset"
        if at > now + AHEAD:
            return "ahead"
        return "late" if now - at > self._lateness else "right"

    def _known(self, name: str) -> FleetNode | None:
        if name not in self.nodes:
            if len(self.nodes) >= NODES:
                return None
            self.nodes[name] = self._node(name, NodeState())
        self.changed.add(name)
        return self.nodes[name]

    def _node(self, name: str, state: NodeState) -> FleetNode:
        return FleetNode(name, state, {*self._spans.get("", ()), *self._spans.get(name, ())})
