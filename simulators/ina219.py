"""Texas Instruments INA219 as its datasheet describes it (SBOS448G): six registers, one ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

CONFIGURATION, SHUNT, BUS, POWER, CURRENT, CALIBRATION = range(6)
POWER_ON = 0x399F
# Table 5: 9 to 12 bits, then 1 to 128 samples of 12 bits; the second bit is of no matter below 8
TIMES = (84e-6, 148e-6, 276e-6, 532e-6, 84e-6, 148e-6, 276e-6, 532e-6)
SAMPLES = (532e-6, 1.06e-3, 2.13e-3, 4.26e-3, 8.51e-3, 17.02e-3, 34.05e-3, 68.1e-3)
READY, OVERFLOW = 2, 1


class INA219(I2CModel):
    """A load behind a shunt; power follows from its voltage and current."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x40, 0x50))
    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(0, 26, 4e-3),
        "current": Range(-3.199, 3.199, 1e-4),
    }
    quiet: ClassVar[Mapping[str, float]] = {"voltage": 12.0, "current": 0.25}

    def __init__(self, clock: SimulatedClock, *, shunt: float = 0.1) -> None:
        self._shunt = shunt
        super().__init__(clock)

    def truth(self) -> dict[str, float]:
        """Return voltage, current, and the power that follows."""
        return {**self.values, "power": self.values["voltage"] * self.values["current"]}

    def power_on(self) -> None:
        """Convert continuously; the results are 0 until then."""
        self._registers = dict.fromkeys(range(6), 0)
        self._pointer = 0
        self._ready = False
        self._configure(POWER_ON)

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register where two bytes follow."""
        self._finish()
        if data:
            self._pointer = data[0]
        if len(data) != 3:
            return
        value = int.from_bytes(data[1:])
        if self._pointer == CONFIGURATION and value & 0x8000:
            self.power_on()
        elif self._pointer == CONFIGURATION:
            self._configure(value)
        elif self._pointer == CALIBRATION:
            self._registers[CALIBRATION] = value & 0xFFFE

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; a look at the power takes the ready flag away."""
        self._finish()
        value = self._registers.get(self._pointer, 0)
        if self._pointer == BUS:
            value |= READY * self._ready
        if self._pointer == POWER:
            self._ready = False
        return value.to_bytes(2)[:count].ljust(count, b"\xff")

    def _configure(self, value: int) -> None:
        self._registers[CONFIGURATION] = value & 0x3FFF
        self._ready = False
        self._begin()

    def _begin(self) -> None:
        held = self._registers[CONFIGURATION]
        seconds = sum(_time(held >> place & 15) for place, on in ((7, 2), (3, 1)) if held & on)
        self._due = self.clock.monotonic() + seconds * self.slowness
        self._converting = bool(held & 3)
        self._sampled = self._codes()

    def _finish(self) -> None:
        """Show what is ready; a continuous mode begins again."""
        if not self._converting or self.clock.monotonic() < self._due:
            return
        self._registers[SHUNT], self._registers[BUS] = self._sampled
        self._calculate()
        self._ready, self._converting = True, False
        if self._registers[CONFIGURATION] & 4:
            self._begin()

    def _calculate(self) -> None:
        """Compute the chip's own current and power (§8.5.1, equations 4 and 5)."""
        shunt = self._registers[SHUNT]
        signed = shunt - 0x10000 if shunt & 0x8000 else shunt
        amperes = signed * self._registers[CALIBRATION] // 4096
        self._registers[CURRENT] = amperes & 0xFFFF
        self._registers[POWER] = abs(amperes) * (self._registers[BUS] >> 3) // 5000 & 0xFFFF
        self._registers[BUS] |= OVERFLOW * (not -32768 <= amperes <= 32767)

    def _codes(self) -> tuple[int, int]:
        most = 4000 << (self._registers[CONFIGURATION] >> 11 & 3)
        shunt = round(self.values["current"] * self._shunt / 10e-6)
        bus = min(max(round(self.values["voltage"] / 4e-3), 0), 8000)
        return min(max(shunt, -most), most) & 0xFFFF, bus << 3


def _time(bits: int) -> float:
    return SAMPLES[bits & 7] if bits & 8 else TIMES[bits]
