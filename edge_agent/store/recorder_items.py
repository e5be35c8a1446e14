"""What the recorder's inbox takes."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from edge_agent.events import CursorMove, Event, Record, Subscription
from edge_agent.store.check import Sound, Unreadable


class Subscriptions(NamedTuple):
    """The sinks that there are from now on."""

    sinks: tuple[Subscription, ...]


RecorderItem: TypeAlias = (
    Event | Sequence[Record] | CursorMove | Subscriptions | Unreadable | Sound | None
)


def is_urgent(item: RecorderItem) -> bool:
    """Return whether the recorder should not wait for more: for an alert, an output, a command."""
    if isinstance(item, CursorMove):
        return False
    if isinstance(item, Event):
        return item.urgent
    if isinstance(item, Subscriptions | Unreadable | Sound) or item is None:
        return True
    return any(isinstance(one, Event) and one.urgent for one in item)
