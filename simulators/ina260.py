"""Texas Instruments INA260 as its datasheet describes it (SBOS656C): an INA226 with its shunt."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.power_monitor import BUS, SHUNT, signed
from simulators.ina226 import INA226
from simulators.model import Range

POWER = 0x03


class INA260(INA226):
    """A load behind a shunt of 2 mΩ inside; power follows from its voltage and current."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 36, 1.25e-3),
        "current": Range(-15, 15, 1.25e-3),
    }
    chip_id: ClassVar[int] = 0x2270
    initial: ClassVar[int] = 0x6127
    writable: ClassVar[Mapping[int, int]] = {0x06: 0xFFFF, 0x07: 0xFFFF}

    def _kept(self, value: int) -> int:
        return value & 0x0FFF | 0x6000

    def _calculate(self) -> None:
        """Compute the chip's own power, 10 mW each."""
        amperes, volts = signed(self._registers[SHUNT]) / 800, self._registers[BUS] / 800
        self._registers[POWER] = round(abs(amperes) * volts * 100) & 0xFFFF

    def _codes(self) -> tuple[int, ...]:
        amperes, volts = round(self.values["current"] * 800), round(self.values["voltage"] * 800)
        return min(max(amperes, -32768), 32767) & 0xFFFF, min(max(volts, 0), 32767)
