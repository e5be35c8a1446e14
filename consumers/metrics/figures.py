"""What a consumer shows to Prometheus, as a value that never changes."""

from collections.abc import Mapping
from typing import NamedTuple

from consumers.inbox.settings import InboxCounts


class ConsumerTotals(NamedTuple):
    """What a consumer has counted since its start; None is what it does not count.

    Events are missing that gap events name (`explained`), and others (`unexplained`).
    """

    dead: int = 0
    duplicates: int | None = None
    explained: int | None = None
    unexplained: int | None = None


class ArrivedEvents(NamedTuple):
    """How many events have arrived, and the newest time among them, in seconds since 1970."""

    events: int = 0
    latest: float = 0.0


class ConsumerFigures(NamedTuple):
    """All that is shown; `nodes` is bounded."""

    totals: ConsumerTotals = ConsumerTotals()
    nodes: Mapping[str, ArrivedEvents] = {}


def inbox_totals(counts: InboxCounts) -> ConsumerTotals:
    """Return what an inbox has counted."""
    explained = counts.missing - counts.unexplained
    return ConsumerTotals(counts.dead, counts.duplicates, explained, counts.unexplained)
