"""Imports the hours that Home Assistant lacks: one look at the log, up to the last full hour."""

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from typing import Protocol

from msgspec.structs import replace

from edge_agent.clock import Clock
from edge_agent.deliver.home_assistant.filling import Filling
from edge_agent.deliver.home_assistant.hours import HOUR
from edge_agent.deliver.home_assistant.imported_channel import ImportedChannel
from edge_agent.deliver.home_assistant.progress import NAME, ImportProgress, saved_progress
from edge_agent.deliver.home_assistant.recorder import HomeAssistantRecorder
from edge_agent.deliver.home_assistant.session import HomeAssistantSession
from edge_agent.deliver.home_assistant.targets import find_targets
from edge_agent.errors import SinkUnavailable
from edge_agent.events import LoggedEvent, SavedState

SETTLED = 10 * 60_000_000  # µs after an hour: Home Assistant has made its own statistics by then
SPAN = 24  # hours that are looked at together

_logger = logging.getLogger(__name__)


class ReadableLog(Protocol):
    """The event log, as far as it is read here."""

    id: str

    def saved_states(self) -> dict[str, bytes]:
        """Return the states that survive a restart."""
        ...

    def first_since(self, after: int, time: int) -> tuple[int, int] | None:
        """Return offset and time of the first event behind `after` that is not older."""
        ...

    def last_offset(self) -> int:
        """Return the highest offset ever given."""
        ...

    def read_kinds(
        self, kinds: Collection[str], after: int, upto: int, limit: int
    ) -> list[LoggedEvent]:
        """Return up to `limit` events of some kinds behind `after` and up to `upto`."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


class StatisticsImport:
    """Compares the log with Home Assistant, and imports what that lacks.

    A second look does not repeat the first, and would import the same numbers. `connect` returns a
    session that is logged in, `stopping` whether the agent stops; `pause` waits for seconds.
    """

    def __init__(
        self,
        channels: Sequence[ImportedChannel],
        *,
        connect: Callable[[], HomeAssistantSession],
        open_log: Callable[[], ReadableLog],
        save: Callable[[SavedState], None],
        clock: Clock,
        pause: Callable[[float], object],
        stopping: Callable[[], bool],
    ) -> None:
        self._channels = channels
        self._connect = connect
        self._open_log = open_log
        self._save = save
        self._clock = clock
        self._pause = pause
        self._stopping = stopping
        self._progress = ImportProgress("")
        self._problems: tuple[str, ...] = ()

    def step(self) -> tuple[str, ...]:
        """Import what is missing; return what prevents it for single entities.

        Raise SinkUnavailable if Home Assistant cannot be asked, sqlite3.Error or LogError if the
        log cannot be read.
        """
        now = self._clock.now()
        last = (now.time - SETTLED) // HOUR
        if now.trusted and self._progress.upto < last:
            with closing(self._open_log()) as log:
                self._import_upto(last, log)
        return self._problems

    def _import_upto(self, last: int, log: ReadableLog) -> None:
        progress = self._progress
        if progress.log != log.id:
            progress = saved_progress(log.saved_states(), log.id)
        if progress.upto >= last:
            self._progress = progress
            return
        with self._connect() as session:
            self._import(log, HomeAssistantRecorder(session), progress, last)

    def _import(
        self, log: ReadableLog, recorder: HomeAssistantRecorder, progress: ImportProgress, last: int
    ) -> None:
        targets = find_targets(self._channels, recorder)
        progress = progress.with_entities([one.unique_id for one in targets.found])
        filling = Filling(log, recorder, targets.found, self._pause, self._stopping)
        while progress.upto < last:
            progress = self._import_span(log, filling, progress, last)
            self._progress = progress
            self._save(SavedState(NAME, progress.encoded()))
        self._problems = targets.problems
        if filling.imported:
            what = "imported %d hours of %d entities into Home Assistant's statistics"
            _logger.info(what, filling.imported, len(targets.found))

    def _import_span(
        self, log: ReadableLog, filling: Filling, progress: ImportProgress, last: int
    ) -> ImportProgress:
        """Settle the hours of a day, from the first of which the log has something."""
        if self._stopping():
            raise SinkUnavailable("the agent stops")
        found = log.first_since(progress.offset, progress.upto * HOUR)
        if found is None:
            return replace(progress, upto=last)
        offset, time = found
        first = max(progress.upto, time // HOUR)
        end = min(first + SPAN, last)
        if first < end:
            filling.fill(offset - 1, first, end)
        return replace(progress, upto=max(end, progress.upto + 1), offset=offset - 1)
