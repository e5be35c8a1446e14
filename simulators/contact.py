"""A button, door contact or motion detector on a GPIO pin, with contacts that bounce."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin

BOUNCE_SECONDS = 0.001


class Contact(Model):
    """Drives its pin low while active (a switch to ground), or high."""

    inputs: ClassVar[Mapping[str, Range]] = {"active": Range(0, 1, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"active": 0}

    def __init__(
        self, clock: SimulatedClock, pin: SimulatedPin, *, active_low: bool = True
    ) -> None:
        super().__init__(clock)
        self.bounces = 3  # how often the contact springs back on each change
        self._pin = pin
        self._active_low = active_low
        self._touch(active=False)

    def set(self, channel: str, value: float) -> None:
        """Close (1) or open (0) the contact; it bounces for some milliseconds."""
        changed = bool(value) != bool(self.values.get(channel))
        super().set(channel, value)
        if changed:
            self._bounce(active=bool(value))

    def _bounce(self, *, active: bool) -> None:
        for _ in range(self.bounces):
            self._touch(active=active)
            self.clock.advance(BOUNCE_SECONDS)
            self._touch(active=not active)
            self.clock.advance(BOUNCE_SECONDS)
        self._touch(active=active)

    def _touch(self, *, active: bool) -> None:
        self._pin.drive(active != self._active_low)
