"""What a node says of itself that explains what is missing: the sink that delivers here."""

from typing import NamedTuple

import msgspec

from edge_agent.events import KINDS

NODES = 10_000
REFUSED = "rejected by "  # how the reason of a gap event begins that concerns one sink only


class DeliveringSink(NamedTuple):
    """The sink whose events arrive here; `complete` if it delivers every kind of event."""

    name: str
    complete: bool

    def lacks(self, reason: str) -> bool:
        """Return whether the events of a gap event are missing here."""
        return not reason.startswith(REFUSED) or reason.startswith(f"{REFUSED}{self.name}: ")


class _Info(msgspec.Struct):
    sink: str
    sinks: dict[str, list[str]]


def sink_of(info: object) -> DeliveringSink | None:
    """Return the sink that an `info` names; None if it names none, as older agents do."""
    try:
        found = msgspec.convert(info, _Info)
    except (ValueError, RecursionError):
        return None
    if found.sink not in found.sinks:
        return None
    return DeliveringSink(found.sink, set(KINDS) <= set(found.sinks[found.sink]))


class KnownSinks:
    """The sinks that deliver here, of at most `most` nodes, as their introductions name them."""

    def __init__(self, most: int = NODES) -> None:
        self._most = most
        self._sinks: dict[str, DeliveringSink] = {}

    def introduce(self, node: str, info: object) -> None:
        """Take what a node says of itself; it comes from outside and may be anything."""
        sink = sink_of(info)
        if sink and (node in self._sinks or len(self._sinks) < self._most):
            self._sinks[node] = sink

    def partial(self, node: str) -> bool:
        """Return whether a node is known to deliver only some kinds of event here."""
        sink = self._sinks.get(node)
        return sink is not None and not sink.complete

    def lacks(self, node: str, reason: str) -> bool:
        """Return whether what a gap event of a node names is missing here."""
        sink = self._sinks.get(node)
        return sink is None or sink.lacks(reason)
