"""Fills what Home Assistant lacks of some hours, and waits until it has it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from edge_agent.deliver.home_assistant.hours import HOUR, KINDS, ChannelHours
from edge_agent.deliver.home_assistant.recorder import HomeAssistantRecorder, StatisticRow
from edge_agent.deliver.home_assistant.rows import mean_rows, missing_hours, sum_rows
from edge_agent.deliver.home_assistant.targets import ImportTarget
from edge_agent.errors import SinkUnavailable
from edge_agent.events import LoggedEvent

CHUNK = 500  # events in memory at a time
LATE = 5 * 60_000_000  # µs for which events of an hour may be logged behind those of the next one
BEFORE = 31 * 24  # hours in which the last row of a meter is looked for
TRIES = 30  # looks, a second apart: an import waits behind what Home Assistant writes otherwise

MissingHours = Mapping[str, Sequence[int]]  # by entity
ImportedRows = Mapping[str, Sequence[Mapping[str, Any]]]


class LoggedSpan(Protocol):
    """The event log, as far as it is read here."""

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        ...

    def read_kinds(
        self, kinds: Collection[str], after: int, upto: int, limit: int
    ) -> list[LoggedEvent]:
        """Return up to `limit` events of some kinds behind `after` and up to `upto`."""
        ...


class Filling:
    """Fills the hours of `targets`; `imported` counts them. It raises what the session raises."""

    def __init__(
        self,
        log: LoggedSpan,
        recorder: HomeAssistantRecorder,
        targets: Iterable[ImportTarget],
        pause: Callable[[float], object],
        stopping: Callable[[], bool],
    ) -> None:
        self._log = log
        self._recorder = recorder
        self._targets = {one.entity: one for one in targets}
        self._pause = pause
        self._stopping = stopping
        self.imported = 0

    def fill(self, after: int, first: int, end: int) -> None:
        """Fill the hours from `first` to before `end`; their events lie behind offset `after`."""
        missing = self._missing(first, end)
        if not missing:
            return
        hours = self._read(missing, after, first, end)
        meters = self._meters(missing, first, end)
        rows = {
            entity: _rows(self._targets[entity], hours, wanted, meters.get(entity, ()))
            for entity, wanted in missing.items()
        }
        rows = {entity: found for entity, found in rows.items() if found}
        for entity, found in rows.items():
            self._recorder.import_rows(self._targets[entity].metadata, found)
        self._confirm(rows, first, end)
        self.imported += sum(map(len, rows.values()))

    def _missing(self, first: int, end: int) -> MissingHours:
        kept = self._recorder.rows(self._targets, "hour", first, end)
        parts = self._recorder.rows(self._targets, "5minute", first, end)
        hours = range(first, end)
        found = {
            entity: missing_hours(hours, kept.get(entity, ()), parts.get(entity, ()))
            for entity in self._targets
        }
        return {entity: missing for entity, missing in found.items() if missing}

    def _meters(
        self, entities: Iterable[str], first: int, end: int
    ) -> Mapping[str, Sequence[StatisticRow]]:
        """Return what is kept of meters, from long before to a day after."""
        meters = [one for one in entities if self._targets[one].metadata.has_sum]
        return self._recorder.rows(meters, "hour", first - BEFORE, end + 24)

    def _read(self, entities: Iterable[str], after: int, first: int, end: int) -> ChannelHours:
        devices = {self._targets[entity].channel.device for entity in entities}
        hours = ChannelHours(devices, first, end)
        upto = self._log.last_offset()
        while events := self._log.read_kinds(KINDS, after, upto, CHUNK):
            for event in events:
                hours.add(event)
            last = events[-1]
            after = last.offset
            if last.boot is None and last.time >= end * HOUR + LATE:
                break
            if self._stopping():
                raise SinkUnavailable("the agent stops")
        return hours

    def _confirm(self, rows: ImportedRows, first: int, end: int) -> None:
        """Wait until Home Assistant has what was imported: it only promises to write it."""
        for _ in range(TRIES):
            kept = self._recorder.rows(rows, "hour", first, end)
            if all(len(kept.get(entity, ())) >= len(found) for entity, found in rows.items()):
                return
            self._pause(1.0)
        what = f"Home Assistant has not written what was imported within {TRIES} s"
        raise SinkUnavailable(what, "look into its log for the recorder")


def _rows(
    target: ImportTarget,
    hours: ChannelHours,
    wanted: Sequence[int],
    meter: Sequence[StatisticRow],
) -> list[dict[str, Any]]:
    found = hours.of(target.channel.device, target.channel.name)
    if target.metadata.has_sum:
        return sum_rows(found, wanted, meter, target.convert)
    return mean_rows(found, wanted, target.convert)
