"""An LED on a GPIO pin, as one sees it."""

from simulators.clock import SimulatedClock
from simulators.pins import SimulatedPin
from simulators.pwm import PWM


class LED(PWM):
    """It shines while its pin is an output at the active level."""

    def __init__(
        self, clock: SimulatedClock, pin: SimulatedPin, *, active_low: bool = False
    ) -> None:
        self._active_low = active_low
        super().__init__(clock, pin)

    def _feel(self) -> None:
        super()._feel()
        if self._active_low and self._pin.function == "output":
            self.brightness = 1 - self.brightness
