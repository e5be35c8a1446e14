"""What a gap event reports: offsets that were refused or dropped, and why."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from edge_agent.events import LoggedEvent

REFUSAL = "rejected by "


class GapReport(msgspec.Struct, frozen=True):
    """A gap event; `time` in µs since 1970, `log` is the id of another log whose offsets it names.

    `count` of the offsets in the inclusive `ranges` belonged to events that are lost.
    """

    offset: int
    time: int
    reason: str
    count: int
    ranges: tuple[tuple[int, int], ...]
    log: str

    @property
    def is_refusal(self) -> bool:
        """Whether a sink refused the events; otherwise the agent dropped them."""
        return self.reason.startswith(REFUSAL)

    def refused_by(self, sink: str) -> str | None:
        """Return why a sink refused the events; None if this is about something else."""
        begin = f"{REFUSAL}{sink}: "
        return self.reason.removeprefix(begin) if self.reason.startswith(begin) else None

    def names(self, offset: int, log: str) -> bool:
        """Return whether it is about an offset; `log` is empty for the log that it stands in."""
        return self.log == log and any(first <= offset <= last for first, last in self.ranges)


class _GapData(msgspec.Struct):
    reason: str
    count: int
    ranges: tuple[tuple[int, int], ...]
    log: str = ""


def gap_reports(events: Iterable[LoggedEvent]) -> Iterator[GapReport]:
    """Yield what gap events report; one that we did not write is left out."""
    for event in events:
        with suppress(msgspec.MsgspecError):
            data = msgspec.json.decode(event.data, type=_GapData)
            yield GapReport(
                event.offset, event.time, data.reason, data.count, data.ranges, data.log
            )
