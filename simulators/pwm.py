"""A lamp or fan on a GPIO pin that is modulated, as one sees and hears it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin


class PWM(Model):
    """It is as bright as its pin is on, and flickers with its frequency; it has no inputs."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(self, clock: SimulatedClock, pin: SimulatedPin) -> None:
        super().__init__(clock)
        self.brightness = 0.0
        self.frequency: float | None = None
        self._pin = pin
        pin.watch(self._feel)

    def _feel(self) -> None:
        driven = self._pin.function == "output"
        self.frequency = self._pin.frequency if driven else None
        self.brightness = float(self._pin.state) if driven else 0.0
