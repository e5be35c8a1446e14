"""A dimmed LED, a fan or a motor's speed: a GPIO pin that switches itself on and off."""

from typing import TYPE_CHECKING, ClassVar, Literal

from drivers.base.driver import BusKind
from drivers.base.errors import OutOfRange

if TYPE_CHECKING:
    from drivers.base.pins import PinPort


class PWM:
    """Pulse-width modulation by software: on for a share of every period, from 0 to 1.

    It jitters by some 10 µs: enough for lamps and fans.
    """

    bus: ClassVar[BusKind] = "gpio"
    continuous: ClassVar[Literal["brightness", "level"]] = "level"

    def __init__(self, port: "PinPort", *, frequency: float = 100) -> None:
        """`frequency`: Hz; below 100 a lamp flickers."""
        if not 0.1 <= frequency <= 10_000:
            raise ValueError(f"frequency is {frequency:g}: wanted 0.1 to 10000 Hz")
        self._port = port
        self._frequency = frequency

    def apply(self, value: float) -> None:
        """Be on for this share of the time; raise `OutOfRange` below 0 and above 1."""
        if not 0 <= value <= 1:
            raise OutOfRange(self._port.where, f"set to {value:g}", "wanted 0 (off) to 1 (on)")
        self._port.modulate(value, self._frequency)

    def state(self) -> float:
        """Return the share that the pin is set to; raise `NotReady` before `apply`."""
        return self._port.duty()

    def close(self) -> None:
        """Release the pin: it floats, and the board's resistor decides."""
        self._port.close()
