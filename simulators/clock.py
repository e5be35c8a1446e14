"""Time for simulated hardware: real, or moved by hand so that a day passes in a second."""

import time
from typing import Protocol


class SimulatedClock(Protocol):
    """What chips live by."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def advance(self, seconds: float) -> None:
        """Let the bus be busy for `seconds`: a virtual clock moves, a real one need not."""
        ...


class RealClock:
    """The machine's clock: wire time passes by itself."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        """Do nothing: a transfer of some µs is not worth a sleep."""


class VirtualClock:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Return the seconds it was moved so far."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    sleep = advance
