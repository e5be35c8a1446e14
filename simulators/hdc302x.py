"""Texas Instruments HDC302x as its datasheet describes it (SNAS778C): an SHT3x of another maker."""

from typing import ClassVar

from simulators.sht3x import SHT3x

MAKER = 0x3781
SINGLE = {0x2400: 0.0125, 0x240B: 0.0075, 0x2416: 0.005, 0x24FF: 0.0037}  # typical, §6.5
RESET, RESET_SECONDS = 0x30A2, 0.003


class HDC302x(SHT3x):
    """Does not acknowledge a read before its conversion is over, nor one without a command."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46, 0x47)
    chip_id: ClassVar[int] = 0x3000

    def _command(self, code: int, arguments: bytes) -> None:
        if code == MAKER:
            self._words = (self.chip_id,)
        elif code == RESET:
            self.power_on()
            self._busy_for(RESET_SECONDS)
        elif code in SINGLE and not self._period:
            self._busy_for(SINGLE[code] * self.slowness)
            self._words = self._measured()
        else:
            super()._command(code, arguments)
