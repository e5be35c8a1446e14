"""Pulses, distinguished from bounces and disturbances by the times of their edges."""

import math
from typing import NamedTuple

LONGEST_BOUNCE = 0.1  # seconds, or twice the debounce time


class Counts(NamedTuple):
    """What a filter has seen so far; `chatter`: since it was last asked."""

    pulses: int
    short: int
    chatter: bool


class PulseFilter:
    """Edges in, counts out: a level counts once it has held for `hold` seconds.

    `missed` are the edges that must have been between two others; `edges` are all that arrived.
    """

    def __init__(self, hold: float, *, active: bool) -> None:
        self.hold = hold
        self.edges = self.missed = 0
        self.level: bool | None = None
        self.since = math.nan  # the last edge; -inf if the level has held since before the claim
        self._active = active
        self._pulses = 0
        self._short = 0  # pulses, or gaps, that did not hold
        self._chatter = False
        self._settled: bool | None = None  # the last level that held
        self._restless = math.nan  # the first edge after a level that held

    def counts(self) -> Counts:
        """Return what was counted until now."""
        chatter, self._chatter = self._chatter, False
        return Counts(self._pulses, self._short, chatter)

    def after(self, held: float) -> tuple[int, bool]:
        """Return the pulses, and whether one is under way and counted.

        The level has held for so many seconds: a pulse that lasts as long counts.
        """
        active = self.level == self._active if held >= self.hold else self._settled == self._active
        return self._pulses + (active and self._settled != self._active), active

    def forget(self) -> None:
        """Take in that edges may be lost: the next one ends a level of unknown length."""
        self._settled = self.level = None
        self.since = self._restless = math.nan

    def begin(self, level: bool, *, counted: bool) -> None:
        """Take in the level at the start, unless an edge came first; an active one is `counted`."""
        if self.level is not None:
            return
        self.level = self._settled = level
        if level == self._active and not counted:
            self._settled, self.since = not level, -math.inf

    def edge(self, at: float, level: bool) -> None:
        """Take in a change at `at`, in the library's thread; must not raise."""
        self.edges += 1
        if self.level == level:
            self.missed += 1
            self._settled = self._settled if level == self._active else None
        elif self._settled is None or math.isnan(self.since):
            self._settled, self._restless = not level, at
        elif at - self.since >= self.hold:
            self._settle()
            self._restless = at
        elif at - self._restless > max(LONGEST_BOUNCE, 2 * self.hold):
            self._chatter = True
        self.level, self.since = bool(level), at

    def _settle(self) -> None:
        if self.level == self._settled:
            self._short += 1
        elif self.level == self._active:
            self._pulses += 1
        self._settled = self.level
