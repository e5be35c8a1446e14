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
