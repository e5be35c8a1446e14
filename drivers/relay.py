"""A relay, lamp or valve on a GPIO pin."""

from typing import TYPE_CHECKING, ClassVar

from drivers.base.driver import BusKind

if TYPE_CHECKING:
    from drivers.base.pins import PinPort


class Relay:
    """Switches a pin; with `active_low`, as most relay boards need it, a low level is on."""

    bus: ClassVar[BusKind] = "gpio"

    def __init__(self, port: "PinPort", *, active_low: bool = False) -> None:
        self._port = port
        self._active_low = active_low

    def apply(self, value: float) -> None:
        """Switch; 0 is off. The first call makes the pin an output, at this level at once."""
        self._port.drive(bool(value) != self._active_low)

    def state(self) -> float:
        """Return 1 for on, 0 for off, read back from the pin; raise `NotReady` before `apply`."""
        return float(self._port.level() != self._active_low)

    def close(self) -> None:
        """Release the pin: it floats, and the board's resistor decides."""
        self._port.close()
