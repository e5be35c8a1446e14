"""Texas Instruments INA219 as its datasheet describes it (SBOS448G): six registers, one ADC."""

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

# Table 5: 9 to 12 bits, then 1 to 128 samples of 12 bits; the second bit is of no matter below 8
TIMES = (84e-6, 148e-6, 276e-6, 532e-6, 84e-6, 148e-6, 276e-6, 532e-6)
SAMPLES = (532e-6, 1.06e-3, 2.13e-3, 4.26e-3, 8.51e-3, 17.02e-3, 34.05e-3, 68.1e-3)
READY, OVERFLOW = 2, 1


class INA219(PowerMonitor):
    """A load behind a shunt; power follows from its voltage and current."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 26, 4e-3),
        "current": Range(-3.199, 3.199, 1e-4),
    }

    initial: ClassVar[int] = 0x399F
    writable: ClassVar[Mapping[int, int]] = {CALIBRATION: 0xFFFE}

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; a look at the power takes the ready flag away."""
        self._finish()
        value = self._registers.get(self._pointer, 0)
        if self._pointer == BUS:
            value |= READY * self._ready
        if self._pointer == POWER:
            self._ready = False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _kept(self, value: int) -> int:
        return value & 0x3FFF

    def _seconds(self) -> float:
        held = self._registers[CONFIGURATION]
        return sum(_time(held >> place & 15) for place, on in ((7, 2), (3, 1)) if held & on)

    def _calculate(self) -> None:
        """Compute the chip's own current and power (§8.5.1, equations 4 and 5)."""
        amperes = signed(self._registers[SHUNT]) * self._registers[CALIBRATION] // 4096
        self._registers[CURRENT] = amperes & 0xFFFF
        self._registers[POWER] = abs(amperes) * (self._registers[BUS] >> 3) // 5000 & 0xFFFF
        self._registers[BUS] |= OVERFLOW * (not -32768 <= amperes <= 32767)

    def _codes(self) -> tuple[int, ...]:
        most = 4000 << (self._registers[CONFIGURATION] >> 11 & 3)
        shunt = round(self.values["current"] * self._shunt / 10e-6)
        bus = min(max(round(self.values["voltage"] / 4e-3), 0), 8000)
        return min(max(shunt, -most), most) & 0xFFFF, bus << 3


def _time(bits: int) -> float:
    return SAMPLES[bits & 7] if bits & 8 else TIMES[bits]
