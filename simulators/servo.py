"""A hobby servo on a GPIO pin, as one sees and hears it."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Model, Range
from simulators.pins import SimulatedPin

MIDDLE_SECONDS = 0.0015
DEGREES_PER_SECOND = 90 / 0.001  # of pulse: 1 to 2 ms are a quarter turn
WHOLE_TRAVEL = 100.0  # degrees to each side, where the gear stops it
FRAME_RATES = (40.0, 60.0)  # Hz; an analogue servo growls at others


class Servo(Model):
    """Turns to the position that its pulses give; slack without pulses. It has no inputs."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(self, clock: SimulatedClock, pin: SimulatedPin) -> None:
        super().__init__(clock)
        self.angle = 0.0  # degrees from the middle
        self.holds = False
        self.stalled = False  # whether it was ever driven against its stop
        self._pin = pin
        pin.watch(self._feel)

    def _feel(self) -> None:
        frequency = self._pin.frequency if self._pin.function == "output" else None
        pulse = self._pin.state / frequency if frequency else 0.0
        low, high = FRAME_RATES
        self.holds = bool(pulse) and frequency is not None and low <= frequency <= high
        if self.holds:
            wanted = (pulse - MIDDLE_SECONDS) * DEGREES_PER_SECOND
            self.angle = max(-WHOLE_TRAVEL, min(wanted, WHOLE_TRAVEL))
            self.stalled |= wanted != self.angle
