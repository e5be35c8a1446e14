"""Silicon Labs Si7021 as its datasheet describes it (Si7021-A20): an HTU21D with another id."""

from typing import ClassVar

from simulators import htu21d
from simulators.model import Nack


class Si7021(htu21d.HTU21D):
    """Faster, its heater ends with a reset, and the first byte of its second serial word is 15."""

    default_user: ClassVar[int] = 0x3A
    seconds: ClassVar[tuple[float, float]] = (0.007, 0.017)  # table 2, typical
    keeps_heater: ClassVar[bool] = False
    coefficient: ClassVar[float] = 0.0
    chip_id = 0x15

    def _command(self, data: bytes) -> None:
        self.electronic_id = (self.chip_id, 0xFF, 0xB5, 0x5D)
        if data[0] == 0x51 and len(data) > 1:
            self._heater = data[1]
        elif data[0] == 0x11:
            self._answer = bytes([self._heater])
        elif data == b"\xfa\x0f":
            self._answer = b"".join(htu21d.with_crc(bytes([n])) for n in (0x12, 0x34, 0x56, 0x78))
        elif data[0] in {0x51, 0xFA}:
            raise Nack
        else:
            super()._command(data)

    def power_on(self) -> None:
        """Forget the heater's current too."""
        self._heater = 0
        super().power_on()
