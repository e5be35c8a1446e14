"""What a node says of itself that matters to the audit: the sink that delivers here."""

from typing import NamedTuple

import msgspec

from edge_agent.events import KINDS

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
