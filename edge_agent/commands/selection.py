"""Which events of the log a command is about: a stretch, kinds and sources."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from edge_agent.clock import SystemClock
from edge_agent.commands.config_choice import Decorator
from edge_agent.commands.stretch import Stretch, stretch_of
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store.history import HistoryReader
from edge_agent.terminal.wrapping import say

CHUNK = 1000  # events in memory at a time
FIRST = "1"
MOST = 20  # names that a message lists


class EventChoice(NamedTuple):
    """What the options name; those that are left out exclude nothing."""

    since: str = ""
    until: str = ""
    kinds: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def stretch(self, log: HistoryReader) -> Stretch:
        """Return the offsets in question; raise ConfigError if they are not understood."""
        return stretch_of(log, self.since or FIRST, self.until, SystemClock().now().time)

    def events(self, log: HistoryReader, stretch: Stretch) -> Iterator[LoggedEvent]:
        """Yield what is selected of a stretch, oldest first."""
        for batch in log.batches(self.kinds or KINDS, *stretch, CHUNK, self.sources):
            yield from filter(self._has, batch)

    def last(self, log: HistoryReader, stretch: Stretch, count: int) -> list[LoggedEvent]:
        """Return the last `count` events that are selected of a stretch, oldest first."""
        found: list[LoggedEvent] = []
        for batch in log.batches_back(self.kinds or KINDS, *stretch, CHUNK, self.sources):
            found += filter(self._has, batch)
            if len(found) >= count:
                break
        return found[:count][::-1]

    def say_none(self, log: HistoryReader) -> None:
        """Say on standard error that nothing is selected, and what there is."""
        known = log.sources()
        names = ", ".join(known[:MOST]) + ", …"[: len(known) - MOST]
        what = f"it has events of: {names}" if known else "it has no events yet"
        say(f"no event of the log matches; {what}")

    def _has(self, event: LoggedEvent) -> bool:
        is_kind = not self.kinds or event.kind in self.kinds
        return is_kind and (not self.sources or event.source in self.sources)


OPTIONS: tuple[Decorator, ...] = (
    click.option("--since", default="", help="First offset or time, or how long ago, such as 2h."),
    click.option("--until", default="", help="Last offset, or a time; default: the log's end."),
    click.option(
        "--kind",
        "kinds",
        multiple=True,
        type=click.Choice(KINDS),
        help="Only events of this kind; may be repeated.",
    ),
    click.option(
        "--source",
        "sources",
        multiple=True,
        metavar="NAME",
        help="Only events of this device, rule or output; may be repeated.",
    ),
)


def selection_options(command: Any) -> Any:  # noqa: ANN401 - a command, as click decorates it
    """Add the options to a command; it builds a EventChoice of them."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command
