"""Something that turns, flows or tips, and closes a contact to ground once per unit."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin

LONGEST_PULSE = 0.05  # seconds; a faster one is closed for half its turn
FASTEST = 10_000.0  # pulses a second, at which what turns stops turning faster
TIP_SECONDS = 0.1  # from one tip of the bucket to the next
BOUNCE_SECONDS = 0.0002
REEDS = {"count", "precipitation", "wind"}  # the others have a transistor, which does not bounce

# kind: its input, and what of it makes one pulse of 1 unit a second
RATES = {
    "count": ("frequency", 1.0),
    "volume": ("flow", 60.0),
    "energy": ("power", 3.6e6),
    "wind": ("wind_speed", 1.0),
}


class PulseCounter(Model):
    """Pulses at the rate of one input, which the kind names; rain is what has fallen.

    Edges are made by `step`, with the times at which they were.
    """

    inputs: ClassVar[Mapping[str, Range]] = {
        "frequency": Range(0, 80, 1 / 60),
        "flow": Range(0, 30, 0.01),
        "power": Range(0, 20_000, 10),
        "wind_speed": Range(0, 150, 0.04),
        "precipitation": Range(0, 2000, 0.2794),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        "frequency": 2,
        "flow": 6,
        "power": 2000,
        "wind_speed": 12,
        "precipitation": 0,
    }

    def __init__(
        self,
        clock: SimulatedClock,
        pin: SimulatedPin,
        *,
        kind: str,
        per_pulse: float,
        pull: str = "up",
    ) -> None:
        super().__init__(clock)
        self.bounces = 2 if kind in REEDS else 0  # how often the contact springs back
        self.pulses = 0
        self._kind = kind
        self._per_pulse = per_pulse
        self._pin = pin
        self._closed = pull == "down"  # the level of a pulse
        self._dry: float | None = None  # the rain that fell before the first look
        self._tipped = clock.monotonic()
        self._turned = 0.0  # the part of the next pulse that is done
        self._then = clock.monotonic()
        pin.drive(not self._closed)

    def step(self) -> None:
        """Make the pulses that have come since the last step."""
        began, self._then = self._then, self.clock.monotonic()
        if self._kind == "precipitation":
            self._tip()
        else:
            self._turn(began, self._frequency())

    def truth(self) -> dict[str, float]:
        """Return the rates, and what was counted."""
        total = self.pulses * self._per_pulse
        return {**self.values, "count": total, "volume": total, "energy": total, **self._rain()}

    def _rain(self) -> dict[str, float]:
        """Return the rain that fell into whole tips: the gauge knows no other."""
        tipped = self._kind == "precipitation"
        return {"precipitation": self.pulses * self._per_pulse} if tipped else {}

    def _frequency(self) -> float:
        channel, second = RATES[self._kind]
        return min(max(self.values[channel], 0.0) / second / self._per_pulse, FASTEST)

    def _tip(self) -> None:
        """Tip as often as rain has fallen and time has passed for."""
        fallen = self.values["precipitation"]
        self._dry = fallen if self._dry is None else self._dry
        due = int((fallen - self._dry) / self._per_pulse) - self.pulses
        for _ in range(min(due, int((self._then - self._tipped) / TIP_SECONDS))):
            self._tipped += TIP_SECONDS
            self._pulse(self._tipped, LONGEST_PULSE)
        if due <= 0:
            self._tipped = self._then

    def _turn(self, began: float, frequency: float) -> None:
        turned = self._turned + frequency * (self._then - began)
        for number in range(1, int(turned) + 1):
            end = began + (number - self._turned) / frequency
            self._pulse(end, min(LONGEST_PULSE, 0.5 / frequency))
        self._turned = turned % 1.0

    def _pulse(self, end: float, lasts: float) -> None:
        """Close the contact so long that it opens at `end`; it bounces when it closes."""
        self.pulses += 1
        begin = end - lasts
        for bounce in range(self.bounces):
            self._pin.drive(self._closed, at=begin + 2 * bounce * BOUNCE_SECONDS)
            self._pin.drive(not self._closed, at=begin + (2 * bounce + 1) * BOUNCE_SECONDS)
        self._pin.drive(self._closed, at=begin + 2 * self.bounces * BOUNCE_SECONDS)
        self._pin.drive(not self._closed, at=end)
