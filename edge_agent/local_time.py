"""The machine's time zone: the C library reads it once, so a later change has to be noticed."""

import logging
import os
import time
from pathlib import Path

LOCALTIME = "/etc/localtime"
ZONE = "TZ"

_logger = logging.getLogger(__name__)


class LocalTime:
    """Watches the file that holds the time zone; one thread alone looks at it."""

    def __init__(self) -> None:
        self._seen = _state()

    def look(self) -> None:
        """Let the whole process have the time zone of the file, if that has changed."""
        state = _state()
        if state != self._seen:
            self._seen = state
            _read_again()
            _logger.info("the time zone is %s now", time.strftime("%Z"))


def _file() -> str:
    """Return the file with the time zone; empty if the environment names a zone instead."""
    named = os.environ.get(ZONE, LOCALTIME).removeprefix(":")
    return named if named.startswith("/") else ""


def _state() -> tuple[object, ...]:
    """Return what differs once the file, or the link to it, is another one."""
    file = _file()
    try:
        found = Path(file).stat()
    except OSError:
        return (file,)
    return (file, found.st_dev, found.st_ino, found.st_mtime_ns)


def _read_again() -> None:
    """Name the file differently for a moment: the C library reads a name only if it is new."""
    given = os.environ.get(ZONE)
    path = Path(_file())
    os.environ[ZONE] = f":{path.parent}/./{path.name}"
    time.tzset()
    if given is None:
        del os.environ[ZONE]
    else:
        os.environ[ZONE] = given
    time.tzset()
