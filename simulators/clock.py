"""Time for simulated hardware: real, or moved by a test so that a day takes a second."""

import time
from typing import Protocol


class SimulatedClock(Protocol):
    """The clock of simulated chips."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def advance(self, seconds: float) -> None:
        """Account for `seconds` on the wire: a virtual clock moves, a real one does not."""
        ...


class RealClock:
    """The machine's clock: time on the wire passes anyway."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        """Do nothing: a transfer of some µs is not worth a sleep."""


class VirtualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Return the seconds that it has been moved so far."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self._now += seconds

    sleep = advance
