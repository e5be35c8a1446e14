"""A rotary encoder: a knob with detents, and two contacts to ground that bounce."""

import math
from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin

QUARTERS = ("oo", "co", "cc", "oc")  # A and B, open or closed, in the order of a turn to the right
STEP_SECONDS = 0.002
BOUNCE_SECONDS = 0.0001


class Rotary(Model):
    """Turned to whole detents; A is the pin it is attached to, `b` the number of the other."""

    _shown: float = 0
    inputs: ClassVar[Mapping[str, Range]] = {"position": Range(-500, 500, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"position": 0}

    def __init__(
        self,
        clock: SimulatedClock,
        pin: SimulatedPin,
        *,
        b: int,
        steps_per_detent: int = 4,
        pull: str = "up",
        min: float = -math.inf,  # noqa: A002 - as the driver's
        max: float = math.inf,  # noqa: A002
    ) -> None:
        super().__init__(clock)
        self._low, self._high = min, max
        self.bounces = 2  # how often a contact springs back
        self.detent = 0
        self._steps = 0
        self._per_detent = steps_per_detent
        self._pins = (pin, pin.factory.pin(b))
        self._closed = pull == "down"
        for each in self._pins:
            each.drive(not self._closed)

    def set(self, channel: str, value: float) -> None:
        """Turn the knob to the detent that is nearest."""
        super().set(channel, value)
        before, self.detent = self.detent, round(value)
        self._shown = min(max(self._shown + self.detent - before, self._low), self._high)
        self.turn(self.detent * self._per_detent - self._steps)

    def turn(self, steps: int) -> None:
        """Turn by steps, to the right or (negative) to the left; a detent has several."""
        way = 1 if steps > 0 else -1
        for _ in range(abs(steps)):
            before = QUARTERS[self._steps % 4]
            self._steps += way
            after = QUARTERS[self._steps % 4]
            self.clock.advance(STEP_SECONDS)
            for pin, old, new in zip(self._pins, before, after, strict=True):
                if old != new:
                    self._touch(pin, closed=new == "c")

    def truth(self) -> dict[str, float]:
        """Return the detent at which the knob rests, as far as its position is counted."""
        return {"position": self._shown}

    def _touch(self, pin: SimulatedPin, *, closed: bool) -> None:
        level = closed == self._closed
        for _ in range(self.bounces):
            pin.drive(level)
            self.clock.advance(BOUNCE_SECONDS)
            pin.drive(not level)
            self.clock.advance(BOUNCE_SECONDS)
        pin.drive(level)
