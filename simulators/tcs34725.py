"""ams TCS34725 by its datasheet (TCS3472 v1-06) and design note DN40: four photodiodes.

Its inputs are what each photodiode counts per ms at gain 1.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

ENABLE, ATIME, CONTROL, ID, STATUS, DATA = 0x00, 0x01, 0x0F, 0x12, 0x13, 0x14
BOTH, VALID = 0x03, 0x01  # PON and AEN; AVALID
POWER_ON = {ATIME: 0xFF, 0x03: 0xFF}
WRITABLE = {0x00, 0x01, 0x03, *range(0x04, 0x08), 0x0C, 0x0D, 0x0F}
GAINS = (1, 4, 16, 60)
CYCLE, INIT = 2.4, 0.0024  # ms, s
ORDER = ("clear", "red", "green", "blue")


class TCS34725(PointedRegisters):
    """Integrates again and again while it is enabled."""

    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "clear": Range(0, 400, 1 / 153.6),
        "red": Range(0, 170, 1 / 153.6),
        "green": Range(0, 180, 1 / 153.6),
        "blue": Range(0, 120, 1 / 153.6),
    }
    dead: ClassVar[Mapping[str, float]] = dict.fromkeys(ORDER, 0.0)
    quiet: ClassVar[Mapping[str, float]] = {
        "clear": 40.0,
        "red": 18.0,
        "green": 18.0,
        "blue": 12.0,
    }
    chip_id: ClassVar[int] = 0x44

    def truth(self) -> dict[str, float]:
        """Return the inputs, with the light and the colour temperature that DN40 makes of them."""
        clear, red, green, blue = (self.values[colour] for colour in ORDER)
        infrared = max((red + green + blue - clear) / 2, 0)
        r, g, b = red - infrared, green - infrared, blue - infrared
        lux = max(310 * (0.136 * r + g - 0.444 * b), 0)
        return {
            **self.values,
            "illuminance": lux,
            "color_temperature": 3810 * b / r + 1391 if r > 0 else 0.0,
        }

    def power_on(self) -> None:
        """Sleep."""
        self._registers = bytearray(32)
        for register, value in {**POWER_ON, ID: self.chip_id & 0xFF}.items():
            self._registers[register] = value
        self._pointer = 0
        self._due: float | None = None
        self._result = b""

    def _register_of(self, first: int) -> int | None:
        """Take a command, which has bit 7 and no type of its own; others do nothing.

        Type 0 should stay at its register, but chips move on, which other programs rely on.
        """
        return first & 0x1F if first & 0x80 and first >> 5 & 3 in {0, 1} else None

    def _store(self, register: int, value: int) -> None:
        if register not in WRITABLE:
            return
        before, self._registers[register] = self._registers[register], value
        if register != ENABLE:
            return
        if value & BOTH != BOTH:
            self._due = None
        elif before & BOTH != BOTH:
            self._registers[STATUS] &= ~VALID
            self._begin(INIT)

    def _begin(self, delay: float) -> None:
        cycles = 256 - self._registers[ATIME]
        self._due = self.clock.monotonic() + (delay + cycles * CYCLE / 1000) * self.slowness
        sensitivity = cycles * CYCLE * GAINS[self._registers[CONTROL] & 3]
        most = min(1024 * cycles, 65535)
        counts = (min(max(round(self.felt(each) * sensitivity), 0), most) for each in ORDER)
        self._result = b"".join(count.to_bytes(2, "little") for count in counts)

    def _pass_time(self) -> None:
        if self._due is None or self.clock.monotonic() < self._due:
            return
        self._registers[DATA : DATA + 8] = self._result
        self._registers[STATUS] |= VALID
        self._begin(0)
