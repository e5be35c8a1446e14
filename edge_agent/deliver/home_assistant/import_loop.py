"""The thread of the import: looks every few minutes whether an hour is over."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from typing import Protocol

from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import LogError, SinkUnavailable

FIRST = 20.0  # s: Home Assistant discovers what is new meanwhile
POLL = 60.0  # s
LONGEST = 300.0  # s between two attempts

_logger = logging.getLogger(__name__)


class ImportStep(Protocol):
    """What is repeated."""

    def step(self) -> tuple[str, ...]:
        """Import what is missing; return what prevents it for single entities."""
        ...


class ImportLoop:
    """Repeats a step until `stopping` is set; nothing that Home Assistant does ends it.

    `notice` takes what the status should say of it.
    """

    def __init__(
        self,
        steps: ImportStep,
        stopping: threading.Event,
        backoff: Backoff,
        notice: Callable[[str], None],
    ) -> None:
        self._steps = steps
        self._stopping = stopping
        self._backoff = backoff
        self._notice = notice
        self._complaints = Complaints(_logger)

    def run(self) -> None:
        """Import, again and again."""
        pause = FIRST
        while not self._stopping.wait(pause):
            pause = self.attempt()
        self._notice("")

    def attempt(self) -> float:
        """Import what is missing; return the seconds until the next attempt."""
        try:
            problems = self._steps.step()
        except (SinkUnavailable, LogError, sqlite3.Error) as error:
            if not self._stopping.is_set():
                self._complain(f"statistics are not imported: {error}")
            return self._backoff.next(LONGEST)
        self._backoff.reset()
        if problems:
            self._complain("; ".join(problems))
        else:
            self._end()
        return POLL

    def _complain(self, text: str) -> None:
        self._complaints.add(text)
        self._notice(text)

    def _end(self) -> None:
        if self._complaints.end():
            _logger.info("statistics are imported")
        self._notice("")
