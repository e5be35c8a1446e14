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
    PowerMonitor,
    signed,
)
from simulators.model import Range

MASK, LIMIT, MANUFACTURER, DIE = 0x06, 0x07, 0xFE, 0xFF
TIMES = (140e-6, 204e-6, 332e-6, 588e-6, 1.1e-3, 2.116e-3, 4.156e-3, 8.244e-3)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
READY = 0x0008


class INA226(PowerMonitor):
    """A load behind a shunt; power follows from its voltage and current."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 36, 1.25e-3),
        "current": Range(-0.8, 0.8, 25e-6),
    }
    chip_id: ClassVar[int] = 0x2260

    initial: ClassVar[int] = 0x4127
    writable: ClassVar[Mapping[int, int]] = {CALIBRATION: 0xFFFF, MASK: 0xFFFF, LIMIT: 0xFFFF}

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; the flag goes with the look at it."""
        self._finish()
        fixed = {MANUFACTURER: 0x5449, DIE: self.chip_id}
        value = fixed.get(self._pointer, self._registers.get(self._pointer, 0))
        if self._pointer == MASK:
            value, self._ready = value & ~READY | READY * self._ready, False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

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
