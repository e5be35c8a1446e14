"""`consume`: the events of a bus as a loop of one's own."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from consumers.inbox.gaps import MissingEvents
from consumers.inbox.inbox import Inbox
from consumers.inbox.settings import InboxSettings
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.received_event import ReceivedEvent
from consumers.source import Source, SourcePlan
from consumers.sources.catalog import source_of
from consumers.state import LETTERS, PROGRESS, directory_of, state_directory
from consumers.steady_clock import SteadyClock
from edge_agent.errors import AgentError

STEP_SECONDS = 0.25

_logger = logging.getLogger(__name__)


def consume(
    url: str,
    *,
    group: str,
    state: str | Path = "",
    settings: InboxSettings | None = None,
    **where: Any,  # noqa: ANN401 - the other fields of SourcePlan
) -> Iterator[ReceivedEvent]:
    """Return the events at `url`, each once, and in order per log.

    An event is done, and acknowledged, when the loop asks for the next one. If the program is
    killed before that, the same event comes first at the next start; it is the only one that may
    come twice. `group` is the name under which the bus keeps our place, and this machine what is
    done: in the private directory `state`, by default
    `~/.local/state/edge-consumer/consume/<group>`.

    `where` has the other fields of a `SourcePlan`, such as `nodes`, `username` or `member`. Ctrl-C
    ends the loop. Raises AgentError if the URL is wrong, and `SourceUnavailable` in the loop's
    first step if there is no connection; one that is lost later is made again.
    """
    if not group:
        raise AgentError("a consumer needs the name of a group", 'such as group="my-consumer"')
    member = where.get("member", "")
    home = directory_of(state, "consume", group, *filter(None, [member]))
    source = source_of(SourcePlan(url=url, group=group, state=str(home), **where))
    chosen = settings or InboxSettings()
    return _events(source, home, chosen._replace(shared=chosen.shared or bool(member)))


def _events(source: Source, home: str | Path, settings: InboxSettings) -> Iterator[ReceivedEvent]:
    with ExitStack() as stack:
        directory = stack.enter_context(state_directory(home))
        progress = stack.enter_context(closing(SqliteProgress(directory / PROGRESS)))
        letters = stack.enter_context(closing(SqliteLetters(directory / LETTERS)))
        stack.enter_context(closing(source))
        source.open()
        loop = ConsumerLoop(source, Inbox(progress, letters, settings), progress, SteadyClock())
        try:
            while True:
                yield from loop.step()
        except KeyboardInterrupt:
            return  # the usual end


class ConsumerLoop:
    """Takes what arrives, one event at a time, and saves the progress after each."""

    def __init__(
        self, source: Source, inbox: Inbox, progress: SqliteProgress, clock: Callable[[], float]
    ) -> None:
        self._source = source
        self._inbox = inbox
        self._progress = progress
        self._clock = clock

    def step(self) -> Iterator[ReceivedEvent]:
        """Yield what arrives within a moment; then acknowledge it."""
        deliveries = self._source.receive(STEP_SECONDS)
        taken = 0
        for event in self._inbox.take(deliveries, self._clock()):
            yield event
            taken += 1
            with self._progress.transaction(durable=False):
                self._inbox.save()
        if taken:
            self._progress.sync()  # before the bus forgets them
        self._source.acknowledge(self._inbox.settle())
        _report(self._inbox.missing())


def _report(missing: Sequence[MissingEvents]) -> None:
    for each in missing:
        reason = each.reason or "no gap event names them"
        _logger.warning("%s: %s events are missing: %s", each.node, f"{each.total:,}", reason)
