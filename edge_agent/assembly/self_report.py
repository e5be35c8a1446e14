"""What the agent measures of itself, once a minute, for those who show diagnostics."""

import logging
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge_agent.clock import Clock
from edge_agent.deliver.sink import REPORT_EVERY, SelfReport, SinkBacklog
from edge_agent.errors import AgentError
from edge_agent.store.reader import read_stats

_logger = logging.getLogger(__name__)


class SelfReporter:
    """Reads the log's accounts; the main thread alone calls it.

    A delivery is as old as the report that first saw the sink's cursor move.
    """

    def __init__(self, log_path: Path, clock: Clock, show: Callable[[SelfReport], None]) -> None:
        self._log_path = log_path
        self._clock = clock
        self._show = show
        self._due = -math.inf
        self._cursors: dict[str, int] = {}
        self._delivered: dict[str, int] = {}  # µs since 1970

    def step(self) -> None:
        """Show the report if it is time; a log that cannot be read now is read later."""
        if self._clock.monotonic() < self._due:
            return
        self._due = self._clock.monotonic() + REPORT_EVERY
        try:
            self._show(self._report())
        except (AgentError, OSError, sqlite3.Error) as error:
            _logger.debug("no report: %s", error)

    def _report(self) -> SelfReport:
        now = self._clock.now()
        accounts = {
            name: one
            for name, one in read_stats(self._log_path)["sinks"].items()
            if one["configured"]
        }
        for name, account in accounts.items():
            if account["cursor"] > self._cursors.get(name, account["cursor"]):
                self._delivered[name] = now.time
            self._cursors[name] = account["cursor"]
        sinks = {
            name: SinkBacklog(account["waiting"], self._delivered.get(name))
            for name, account in accounts.items()
        }
        return SelfReport(sinks, now.trusted)
