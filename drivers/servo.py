"""A hobby servo on a GPIO pin: the length of a pulse, 50 times a second, is its angle."""

from typing import TYPE_CHECKING, ClassVar, Literal

from drivers.base.driver import BusKind
from drivers.base.errors import OutOfRange

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

FREQUENCY = 50.0


class Servo:
    """Hobby servo: 0 is one end of its travel, 1 the other; pulses are made by software.

    They jitter by some 10 µs, a degree or two: for finer work use a PCA9685.
    """

    bus: ClassVar[BusKind] = "gpio"
    continuous: ClassVar[Literal["brightness", "level"]] = "level"

    def __init__(self, port: "PinPort", *, shortest: float = 0.001, longest: float = 0.002) -> None:
        """`shortest`, `longest`: seconds of a pulse at the ends; beyond them a servo may stall."""
        if not 0.0004 <= shortest < longest <= 0.0026:
            raise ValueError(
                f"shortest is {shortest:g}, longest {longest:g}: wanted 0.0004 to 0.0026 seconds,"
                " the shortest first"
            )
        self._port = port
        self._shortest = shortest
        self._span = longest - shortest

    def apply(self, value: float) -> None:
        """Turn to this share of the travel; raise `OutOfRange` below 0 and above 1."""
        if not 0 <= value <= 1:
            raise OutOfRange(self._port.where, f"set to {value:g}", "wanted 0 to 1, end to end")
        self._port.modulate((self._shortest + value * self._span) * FREQUENCY, FREQUENCY)

    def state(self) -> float:
        """Return the share that the pulses ask for; raise `NotReady` before `apply`."""
        return (self._port.duty() / FREQUENCY - self._shortest) / self._span

    def close(self) -> None:
        """Give the pin back: without pulses, a servo holds nothing."""
        self._port.close()
