"""A relay board on a GPIO pin, as one sees and hears it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin


class Relay(Model):
    """Its coil is energised while the pin is an output at the active level; it has no inputs."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self, clock: SimulatedClock, pin: SimulatedPin, *, active_low: bool = False
    ) -> None:
        super().__init__(clock)
        self.on = False
        self.clicks = 0  # how often it has switched
        self._pin = pin
        self._active_low = active_low
        pin.watch(self._feel)

    def _feel(self) -> None:
        driven = self._pin.function == "output"
        on = driven and bool(self._pin.state) != self._active_low
        self.clicks += on != self.on
        self.on = on
