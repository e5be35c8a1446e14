"""Hands over what a log has, and what is written to it meanwhile."""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec

from consumers.pending import Pending
from consumers.source import Delivery, SourcePlan, SourceUnavailable
from consumers.sources.log.event_log import EventLogFile
from consumers.sources.place import GroupPlace, place_of
from edge_agent.deliver.complaints import Complaints
from edge_agent.errors import AgentError
from edge_agent.paths import expanded

WINDOW = 1000  # events that are not acknowledged
LOOK_SECONDS = 0.1  # between two looks at a log that has nothing new
SIMULATED = "-simulated"  # how the file of `simulate` ends

_logger = logging.getLogger(__name__)


def log_source(plan: SourcePlan) -> "LogSource":
    """Return the source of a plan; raise AgentError for a wrong URL or a member."""
    parts = urlsplit(plan.url)
    if not parts.path or parts.netloc:
        raise AgentError("no log is named", "write log:/var/lib/edge-agent/NODE.db")
    if plan.member:
        raise AgentError("members cannot share a log", "leave the member out")
    path = Path(expanded(parts.path))
    (node,) = parse_qs(parts.query).get("node", [path.stem.removesuffix(SIMULATED)])
    return LogSource(path, node, plan)


class LogSource:
    """Reads behind the place of the plan's group, which only this source moves.

    A log that takes the place of another one, with another id, is read from its beginning.
    """

    def __init__(
        self,
        path: Path,
        node: str,
        plan: SourcePlan,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interruptions = 0
        self.connected = False
        self._path = path
        self._node = node
        self._plan = plan
        self._sleep = sleep
        self._log: EventLogFile | None = None
        self._place = GroupPlace(None)
        self._read = 0
        self._pending: Pending[tuple[GroupPlace, int]] = Pending()
        self._complaints = Complaints(_logger)

    def open(self) -> None:
        """Open the log; raise SourceUnavailable."""
        self._open(self._plan.start)

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return the next events; wait for a while if there are none."""
        end = time.monotonic() + seconds
        while True:
            found = self._next()
            left = end - time.monotonic()
            if found or left <= 0:
                return found
            self._sleep(min(left, LOOK_SECONDS))

    def acknowledge(self, count: int) -> None:
        """Move the place of the group behind the oldest events."""
        done = self._pending.acknowledge(count)
        if not done:
            return
        place, offset = done[-1]
        try:
            place.move(offset)
        except OSError as error:
            self._complaints.add(f"the place of the group cannot be saved: {error}")

    def close(self) -> None:
        """Close the log, and save the place."""
        if self._log is not None:
            self._log.close()
            self._log = None
            try:
                self._place.save()
            except OSError as error:
                self._complaints.add(f"the place of the group cannot be saved: {error}")

    def _open(self, start: str) -> None:
        self._log = log = EventLogFile(self._path, self._node)
        # Each log has its own place: offsets of another one mean nothing.
        named = msgspec.structs.replace(self._plan, url=f"log:{self._path.absolute()}#{log.id}")
        self._place = place_of(named)
        self._place.load()
        try:
            self._read = _first(self._place.number, start, log)
        except sqlite3.Error as error:
            raise SourceUnavailable(f"{self._path}: {error}", "try again") from error
        self.connected = True

    def _next(self) -> Sequence[Delivery]:
        room = WINDOW - len(self._pending)
        if self._log is None or room <= 0:
            return ()
        try:
            rows = self._log.read(self._read, room)
            if not rows and self._log.replaced:
                self._follow()
        except (sqlite3.Error, SourceUnavailable) as error:
            self._complaints.add(f"{self._path} cannot be read: {error}; trying again")
            self.connected = False
            return ()
        self.connected = True
        for row in rows:
            self._read = row.offset
            self._pending.add((self._place, row.offset), 1)
        return [row.delivery for row in rows]

    def _follow(self) -> None:
        """Go on with the log that is in the place of ours now."""
        before = self._log
        self._open("beginning")
        if before is not None and self._log is not None:
            self.interruptions += before.id != self._log.id
            before.close()


def _first(place: int | None, start: str, log: EventLogFile) -> int:
    if place is not None:
        return place
    return 0 if start == "beginning" else log.last
