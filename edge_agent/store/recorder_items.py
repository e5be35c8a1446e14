"""What the recorder's inbox takes."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from edge_agent.events import CursorMove, Event, Record, Subscription
from edge_agent.store.check import Sound, Unreadable


class Subscriptions(NamedTuple):
    """The sinks that there are from now on."""

    sinks: tuple[Subscription, ...]


RecorderNews: TypeAlias = CursorMove | Subscriptions | Unreadable | Sound
RecorderItem: TypeAlias = Event | Sequence[Record] | RecorderNews | None


class Parted(NamedTuple):
    """What is to be written of some items, and what is to be heeded."""

    records: list[Record]
    news: list[RecorderNews | None]


def parted(items: Iterable[RecorderItem]) -> Parted:
    """Part items, each half in their order."""
    records: list[Record] = []
    news: list[RecorderNews | None] = []
    for item in items:
        if isinstance(item, Event):
            records.append(item)
        elif item is None or isinstance(item, RecorderNews):
            news.append(item)
        else:
            records += item
    return Parted(records, news)


def is_urgent(item: RecorderItem) -> bool:
    """Return whether the recorder should not wait for more: for an alert, an output, a command."""
    if isinstance(item, CursorMove):
        return False
    if isinstance(item, Event):
        return item.urgent
    if isinstance(item, Subscriptions | Unreadable | Sound) or item is None:
        return True
    return any(isinstance(one, Event) and one.urgent for one in item)
