"""Texas Instruments INA226 as its datasheet describes it (SBOS547A): ten registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.power_monitor import (
    BUS,
    CALIBRATION,
    CONFIGURATION,
    CURRENT,
    POWER,
    SHUNT,
    FlaggedMonitor,
    signed,
)
from simulators.model import Range

MASK, LIMIT = 0x06, 0x07
TIMES = (140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
READY = 0x0008


class INA226(FlaggedMonitor):
    """A load behind a shunt; power follows from its voltage and current."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 36, 1.25e-3),
        "current": Range(-0.8, 0.8, 25e-6),
    }
    chip_id: ClassVar[int] = 0x2260
    mask: ClassVar[int] = MASK
    ready: ClassVar[int] = READY
    initial: ClassVar[int] = 0x4127
    writable: ClassVar[Mapping[int, int]] = {CALIBRATION: 0xFFFF, MASK: 0xFFFF, LIMIT: 0xFFFF}

    def _kept(self, value: int) -> int:
        return value & 0x0FFF | 0x4000

    def _seconds(self) -> float:
        held = self._registers[CONFIGURATION]
        each = (TIMES[held >> 6 & 7] if held & 2 else 0) + (TIMES[held >> 3 & 7] if held & 1 else 0)
        return each * AVERAGES[held >> 9 & 7]

    def _calculate(self) -> None:
        """Compute the chip's own current and power (§7.5, equations 3 and 4)."""
        amperes = signed(self._registers[SHUNT]) * self._registers[CALIBRATION] // 2048
        self._registers[CURRENT] = amperes & 0xFFFF
        self._registers[POWER] = abs(amperes) * self._registers[BUS] // 20_000 & 0xFFFF

    def _codes(self) -> tuple[int, ...]:
        shunt = round(self.values["current"] * self._shunt / 2.5e-6)
        bus = round(self.values["voltage"] / 1.25e-3)
        return min(max(shunt, -32768), 32767) & 0xFFFF, min(max(bus, 0), 32767)
