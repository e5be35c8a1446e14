"""A buzzer on a GPIO pin."""

from typing import TYPE_CHECKING, ClassVar

from drivers.base.driver import BusKind

if TYPE_CHECKING:
    from drivers.base.pins import PinPort


class Buzzer:
    """Piezo buzzer on a pin: an active one, which makes its own tone, or a passive one."""

    bus: ClassVar[BusKind] = "gpio"

    def __init__(self, port: "PinPort", *, tone: float = 0.0) -> None:
        """`tone`: Hz, 100 to 10000, for a passive buzzer; 0 for an active one."""
        if tone and not 100 <= tone <= 10_000:
            raise ValueError(f"tone is {tone:g}: wanted 100 to 10000 Hz, or 0")
        self._port = port
        self._tone = tone

    def apply(self, value: float) -> None:
        """Sound, or with 0 be silent."""
        if self._tone:
            self._port.modulate(0.5 if value else 0.0, self._tone)
        else:
            self._port.drive(bool(value))

    def state(self) -> float:
        """Return 1 while it sounds; raise `NotReady` before `apply`."""
        return float(bool(self._port.duty()) if self._tone else self._port.level())

    def close(self) -> None:
        """Give the pin back: it floats."""
        self._port.close()
