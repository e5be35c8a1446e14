"""An LED on a GPIO pin."""

from typing import TYPE_CHECKING, ClassVar, Literal

from drivers.pwm import PWM

if TYPE_CHECKING:
    from drivers.base.pins import PinPort


class LED(PWM):
    """LED on a pin, through its resistor: dark at 0, brightest at 1, dimmed between."""

    continuous: ClassVar[Literal["brightness", "level"]] = "brightness"

    def __init__(
        self, port: "PinPort", *, active_low: bool = False, frequency: float = 200
    ) -> None:
        """`active_low`: between the pin and the supply; `frequency`: Hz, of the dimming."""
        super().__init__(port, frequency=frequency)
        self._active_low = active_low

    def apply(self, value: float) -> None:
        """Be as bright as this share; raise `OutOfRange` below 0 and above 1."""
        super().apply(1 - value if self._active_low else value)

    def state(self) -> float:
        """Return how bright it is set; raise `NotReady` before `apply`."""
        return 1 - super().state() if self._active_low else super().state()
