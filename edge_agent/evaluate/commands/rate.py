"""How many commands are let in: so many at once, then so many a second. No I/O, no clock."""

import math

from edge_agent.clock import Moment
from edge_agent.events import Event

AT_ONCE, PER_SECOND = 10, 2.0  # commands that are let in
ANSWERS_AT_ONCE, ANSWERS_PER_SECOND = 50, 10.0  # commands turned away that get an answer
CALM = 5_000_000  # µs without a command turned away: the flood is over
LONGEST = 60_000_000  # µs: a flood that does not end is reported this often


class TokenBucket:
    """Holds up to `size` tokens and gains `per_second`; full at the beginning."""

    def __init__(self, size: int, per_second: float) -> None:
        self._size = size
        self._per_second = per_second
        self._tokens = float(size)
        self._filled = 0  # µs of uptime

    def take(self, uptime: int) -> float:
        """Take a token and return 0; if there is none, return the seconds until there is one."""
        gained = max(uptime - self._filled, 0) / 1e6 * self._per_second
        self._tokens = min(self._tokens + gained, self._size)
        self._filled = max(uptime, self._filled)
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_second
        self._tokens -= 1
        return 0.0


class CommandRate:
    """Lets commands in, and counts those that it turns away: a flood of them is one event."""

    def __init__(self) -> None:
        self._commands = TokenBucket(AT_ONCE, PER_SECOND)
        self._answers = TokenBucket(ANSWERS_AT_ONCE, ANSWERS_PER_SECOND)
        self._count = 0
        self._first = self._last = 0  # µs of uptime

    def refuse(self, now: Moment) -> str:
        """Return why a command is turned away; empty if it is let in."""
        wait = self._commands.take(now.uptime)
        if not wait:
            return ""
        self._first = self._first if self._count else now.uptime
        self._last = now.uptime
        self._count += 1
        return f"too many commands; try again in {math.ceil(wait)} s"

    def may_answer(self, now: Moment) -> bool:
        """Return whether a command that is turned away gets an answer: a flood of them does not."""
        return not self._answers.take(now.uptime)

    def report(self, now: Moment, *, final: bool = False) -> list[Event]:
        """Return an event for a flood that has ended, or lasts long, or is the `final` one."""
        ended = now.uptime - self._last >= CALM or now.uptime - self._first >= LONGEST
        if not self._count or not (ended or final):
            return []
        data = {"state": "refused", "reason": "too many commands", "count": self._count}
        self._count = 0
        return [Event("command", "flood", now, data)]
