"""Warnings about a destination that fails, without one line for each attempt."""

import logging
import time
from collections.abc import Callable

PAUSE = 60.0  # s between two lines with the same text
MOST = 50  # texts that are remembered


class Complaint:
    """One text: when it was logged, whether that was in this outage, and what was left out."""

    def __init__(self) -> None:
        self.logged_at = float("-inf")
        self.current = False
        self.left_out = 0


class Complaints:
    """Logs each text once in an outage, and once a minute if outages follow one another."""

    def __init__(
        self,
        logger: logging.Logger,
        monotonic: Callable[[], float] = time.monotonic,
        **about: str,
    ) -> None:
        """`about` are fields of each line, such as the sink."""
        self._logger = logger
        self._monotonic = monotonic
        self._about = about
        self._texts: dict[str, Complaint] = {}

    def add(self, text: str) -> None:
        """Log a warning, or count it if it was logged in this outage or within a minute."""
        complaint = self._texts.setdefault(text, Complaint())
        now = self._monotonic()
        if complaint.current:
            return
        if now - complaint.logged_at < PAUSE:
            complaint.left_out += 1
            return
        count = f" ({complaint.left_out} more times since)" if complaint.left_out else ""
        self._logger.warning("%s%s", text, count, extra=self._about)
        complaint.logged_at, complaint.current, complaint.left_out = now, True, 0
        if len(self._texts) > MOST:
            del self._texts[next(iter(self._texts))]

    def end(self) -> bool:
        """Note the end of an outage; return whether anything was logged about it."""
        logged = any(complaint.current for complaint in self._texts.values())
        for complaint in self._texts.values():
            complaint.current = False
        return logged
