"""Texas Instruments INA3221 as its datasheet describes it (SBOS576B): three inputs, one ADC."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.power_monitor import CONFIGURATION, FlaggedMonitor
from simulators.ina226 import AVERAGES, TIMES
from simulators.model import Range

MASK, READY = 0x0F, 0x0001
ENABLED = (0x4000, 0x2000, 0x1000)
LIMITS = range(0x07, 0x0D)


class INA3221(FlaggedMonitor):
    """Three loads behind a shunt each; powers follow from voltages and currents."""

    addresses: ClassVar[tuple[int, ...]] = (0x40, 0x41, 0x42, 0x43)
    inputs: ClassVar[Mapping[str, Range]] = {
        name: span
        for n in (1, 2, 3)
        for name, span in (
            (f"voltage_{n}", Range(0, 26, 8e-3)),
            (f"current_{n}", Range(-1.6376, 1.6376, 4e-4)),
        )
    }
    quiet: ClassVar[Mapping[str, float]] = {
        name: 5.0 if name.startswith("voltage") else 0.25 for name in inputs
    }
    chip_id: ClassVar[int] = 0x3220
    mask: ClassVar[int] = MASK
    ready: ClassVar[int] = READY
    initial: ClassVar[int] = 0x7127
    writable: ClassVar[Mapping[int, int]] = {MASK: 0x7C00, **dict.fromkeys(LIMITS, 0xFFF8)}

    def truth(self) -> dict[str, float]:
        """Return voltages, currents, and the powers that follow."""
        powers = {
            f"power_{n}": self.values[f"voltage_{n}"] * self.values[f"current_{n}"]
            for n in (1, 2, 3)
        }
        return {**self.values, **powers}

    def power_on(self) -> None:
        """Convert continuously; no limit is ever exceeded."""
        super().power_on()
        self._registers.update(dict.fromkeys(LIMITS, 0x7FF8))
        self._registers[MASK] = 0x0002

    def _kept(self, value: int) -> int:
        return value & 0x7FFF

    def _enabled(self) -> Sequence[int]:
        held = self._registers[CONFIGURATION]
        return [n for n, bit in enumerate(ENABLED) if held & bit]

    def _seconds(self) -> float:
        held = self._registers[CONFIGURATION]
        each = (TIMES[held >> 6 & 7] if held & 2 else 0) + (TIMES[held >> 3 & 7] if held & 1 else 0)
        return each * AVERAGES[held >> 9 & 7] * len(self._enabled())

    def _show(self, codes: tuple[int, ...]) -> None:
        for n in self._enabled():
            self._registers[1 + 2 * n], self._registers[2 + 2 * n] = codes[2 * n : 2 * n + 2]

    def _calculate(self) -> None:
        """Compute nothing: the sum of the shunts is not modelled."""

    def _codes(self) -> tuple[int, ...]:
        codes: list[int] = []
        for n in (1, 2, 3):
            shunt = round(self.values[f"current_{n}"] * self._shunt / 40e-6)
            bus = round(self.values[f"voltage_{n}"] / 8e-3)
            codes += (min(max(shunt, -4096), 4095) << 3 & 0xFFFF, min(max(bus, 0), 4095) << 3)
        return tuple(codes)
