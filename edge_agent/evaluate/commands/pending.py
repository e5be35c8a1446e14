"""Commands that were accepted, and that another thread carries out."""

from typing import NamedTuple

from edge_agent.clock import Moment
from edge_agent.evaluate.commands.command import Command, Read
from edge_agent.events import Finished, Reading, Request

MOST = 50  # at a time


class PendingCommand(NamedTuple):
    """An accepted command, the request that its answer goes to, and its uptime in µs."""

    command: Command
    request: Request
    since: int


class PendingCommands:
    """Pending commands by a key that each gets."""

    def __init__(self) -> None:
        self._pending: dict[str, PendingCommand] = {}
        self._count = 0

    @property
    def full(self) -> bool:
        """Whether no more commands can be accepted."""
        return len(self._pending) >= MOST

    def add(self, command: Command, request: Request, now: Moment) -> str:
        """Keep a command until it is finished; return its key."""
        self._count += 1
        key = f"{command.name}-{self._count}"
        self._pending[key] = PendingCommand(command, request, now.uptime)
        return key

    def pop(self, key: str) -> PendingCommand | None:
        """Return a command, which is pending no longer; None if it was not."""
        return self._pending.pop(key, None)

    def find(self, id_: str) -> PendingCommand | None:
        """Return the pending command with this id; None if there is none."""
        return next((one for one in self._pending.values() if one.command.id == id_), None)

    def answered_by(self, reading: Reading) -> list[str]:
        """Return the keys of the commands that asked, before it was measured, for this reading."""
        return [
            key
            for key, one in self._pending.items()
            if isinstance(one.command, Read)
            and one.command.device == reading.device
            and one.since <= reading.moment.uptime
        ]

    def late(self, now: Moment) -> list[Finished]:
        """Return the ends of the commands that have waited longer than their patience."""
        return [
            Finished(key, None, f"no answer within {one.command.patience:g} s")
            for key, one in self._pending.items()
            if one.since + one.command.patience * 1_000_000 < now.uptime
        ]
