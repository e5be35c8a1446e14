"""HC-SR04: a trigger pin that listens, an echo pin that answers, and air between them."""

import math
from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin

SHORTEST_TRIGGER = 9.9e-6  # of a pulse of 10 µs, as a float has it
BURST_SECONDS = 450e-6  # eight cycles at 40 kHz, and the module's own delay
REST_SECONDS = 0.06
NO_ECHO_SECONDS = 0.038
FARTHEST = 4.0


class HCSR04(Model):
    """Its echo line is high for as long as sound takes there and back, or for 38 ms."""

    inputs: ClassVar[Mapping[str, Range]] = {"distance": Range(0.02, 4, 0.003)}
    quiet: ClassVar[Mapping[str, float]] = {"distance": 1}

    def __init__(
        self, clock: SimulatedClock, pin: SimulatedPin, *, echo: int, temperature: float = 20
    ) -> None:
        super().__init__(clock)
        self.pings = 0
        self.late = 0.0  # seconds by which the kernel notes the end of the next echo too late
        self.connected = True
        self._kelvin = temperature + 273.15
        self._trigger = pin
        self._echo: SimulatedPin = pin.factory.pin(echo)
        self._echo.drive(False)
        self._high_since: float | None = None
        self._busy_until = clock.monotonic()
        pin.watch(self._feel)

    def _feel(self) -> None:
        """Ping when a trigger pulse that was long enough ends."""
        high = self._trigger.function == "output" and bool(self._trigger.state)
        began, now = self._high_since, self.clock.monotonic()
        if high:
            self._high_since = now if began is None else began
            return
        self._high_since = None
        if began is not None and now - began >= SHORTEST_TRIGGER and self.connected:
            self._ping(now + BURST_SECONDS)

    def _ping(self, sent: float) -> None:
        """Answer at once, with the times of edges that are still to come."""
        self.pings += 1
        disturbed = sent < self._busy_until  # the last ping's sound is still under way
        self._busy_until = sent + REST_SECONDS
        echo = self._seconds() * (0.5 if disturbed else 1) + self.late
        self.late = 0.0
        self._echo.drive(True, at=sent)
        self._echo.drive(False, at=sent + echo)

    def _seconds(self) -> float:
        """Return the sound's way there and back, at 20.05 m/s times the root of the kelvins."""
        if self.values["distance"] > FARTHEST:
            return NO_ECHO_SECONDS
        return 2 * self.values["distance"] / (20.0455 * math.sqrt(self._kelvin))
