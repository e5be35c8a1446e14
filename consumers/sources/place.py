"""Where a group stands in what keeps no place itself: a number in a file."""

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from consumers.source import SourcePlan, SourceUnavailable
from consumers.state import PRIVATE, state_home
from edge_agent.directories import sync_directory
from edge_agent.paths import expanded

PAUSE = 1.0  # s between two saves: what is done since the last one arrives again after a crash
ELSEWHERE = "choose another directory with --state, or look at its rights"


class GroupPlace:
    """The number of what is to be read next; without a file it lasts as long as the process."""

    def __init__(self, file: Path | None, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.number: int | None = None
        self._file = file
        self._monotonic = monotonic
        self._saved: int | None = None
        self._saved_at = float("-inf")

    def load(self) -> None:
        """Read the file, if it exists; raise SourceUnavailable if it is of no use."""
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(PRIVATE, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                self.number = self._saved = int(self._file.read_text(encoding="ascii"))
        except OSError as error:
            raise SourceUnavailable(f"{self._file}: {error.strerror}", ELSEWHERE) from None
        except ValueError:
            what = f"{self._file} does not hold the place of a group"
            raise SourceUnavailable(what, "remove it; reading begins as it did at first") from None

    def move(self, number: int) -> None:
        """Note what is to be read next; the file follows within a second. Raise OSError."""
        self.number = number
        if self._saved is None or self._monotonic() - self._saved_at >= PAUSE:
            self.save()

    def save(self) -> None:
        """Bring the file up to date, on the disk; raise OSError."""
        if self._file is None or self.number == self._saved:
            return
        part = self._file.with_name(f"{self._file.name}.part")
        with part.open("w", encoding="ascii") as file:
            file.write(f"{self.number}\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file)
        sync_directory(self._file.parent)
        self._saved, self._saved_at = self.number, self._monotonic()


def place_of(plan: SourcePlan) -> GroupPlace:
    """Return the place of the plan's group, not loaded yet."""
    if not plan.group:
        return GroupPlace(None)
    mark = hashlib.sha256(plan.url.encode()).hexdigest()[:16]
    return GroupPlace(_directory(plan) / f"{quote(plan.group, safe='')}-{mark}.place")


def _directory(plan: SourcePlan) -> Path:
    return Path(expanded(plan.state)) if plan.state else state_home()
