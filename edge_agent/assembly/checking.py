"""The thread that reads the whole log once in a boot, when nothing else has to be done."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edge_agent.store.check import LogCheck, Report
from edge_agent.store.event_log import EventLog
from edge_agent.threads import Worker

LOWEST = 19  # priority: sensors and outputs come first


class Checking:
    """Checks the log at `path`, unless that was done in this boot; `report` gets the result."""

    def __init__(
        self,
        log: EventLog,
        path: Path,
        report: Callable[[Report], None],
        died: Callable[[str], None],
    ) -> None:
        self._check = None if log.checked else LogCheck(path, report)
        if self._check:
            self._thread = Worker("log check", self._run, self._check.stop, died)

    def start(self) -> None:
        """Let the thread run, if there is anything to check."""
        if self._check:
            self._thread.start()

    def make_way(self) -> None:
        """Let the check begin again later, from any thread."""
        if self._check:
            self._check.make_way()

    def stop(self) -> None:
        """Ask the thread to stop, without waiting: it has nothing to save."""
        if self._check:
            self._thread.request_stop()

    def _run(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, LOWEST)  # of this thread
        if self._check:
            self._check.run()
