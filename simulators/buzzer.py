"""A buzzer on a GPIO pin, as one hears it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin


class Buzzer(Model):
    """An active one sounds while its pin is high, a passive one while it is modulated."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(self, clock: SimulatedClock, pin: SimulatedPin, *, tone: float = 0.0) -> None:
        super().__init__(clock)
        self.sounds = False
        self._tone = tone
        self._pin = pin
        pin.watch(self._feel)

    def _feel(self) -> None:
        driven = self._pin.function == "output" and bool(self._pin.state)
        self.sounds = driven and (not self._tone or self._pin.frequency is not None)
