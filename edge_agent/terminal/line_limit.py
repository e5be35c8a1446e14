"""At most so many log lines a minute of each kind, whatever repeats."""

import logging
import time
from collections.abc import Callable

MOST = 30  # lines of one kind in a minute
MINUTE = 60.0


class LineLimit(logging.Filter):
    """Lets `MOST` lines a minute of each kind pass; the last of them says so.

    A kind is a logger with a text before its values are filled in, so the code bounds their number.
    What was asked for has no limit.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._counts: dict[tuple[str, str], tuple[float, int]] = {}  # since when, how many

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a line."""
        if record.levelno <= logging.DEBUG:  # asked for, by `--trace`
            return True
        kind, now = (record.name, str(record.msg)), self._monotonic()
        began, count = self._counts.get(kind, (now, 0))
        if now - began >= MINUTE:
            began, count = now, 0
        self._counts[kind] = (began, count + 1)
        if count + 1 == MOST:
            record.msg = f"{record.getMessage()} (more lines like this are left out for a minute)"
            record.args = None
        return count < MOST
