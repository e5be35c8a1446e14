"""Bosch BMP180 as its datasheet describes it (BST-BMP180-DS000): one command, one conversion.

A physical value becomes the code that the compensation turns back into it.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.base.bosch import RESET, RESET_WORD, BoschRegisters
from simulators.bmp280 import bisect
from simulators.clock import SimulatedClock
from simulators.model import Range

STARTUP_SECONDS = 0.009  # less than the 10 ms of table 1
# Figure 4: the trim of the worked example, AC1..AC6, B1, B2, MB, MC and MD
TRIM = (408, -72, -14383, 32741, 32757, 23153, 6190, 4, -32768, -8711, 2868)
ANOTHER_TRIM = (7911, -934, -14306, 31567, 25671, 18974, 5498, 46, -32768, -11075, 2432)
ID, CONTROL, OUT = 0xD0, 0xF4, 0xF6
SCO = 0x20
TEMPERATURE, PRESSURE = 0x0E, 0x14  # bits 4 to 0 of the control register, without sco
MILLISECONDS = (3, 5, 9, 17)  # by oss, typically (table 1)


class BMP180(BoschRegisters):
    """Converts on command, shows `sco` and the last result meanwhile."""

    addresses: ClassVar[tuple[int, ...]] = (0x77,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 0.1),
        "atmospheric_pressure": Range(300, 1100, 0.07),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "atmospheric_pressure": 1013.0}
    chip_id: ClassVar[int] = 0x55

    def __init__(self, clock: SimulatedClock) -> None:
        self.trim = list(TRIM)
        super().__init__(clock)

    def vary(self) -> None:
        """Take the trim of another chip."""
        self.trim = list(ANOTHER_TRIM)

    def power_on(self) -> None:
        """Clear every register; the trim comes a little later."""
        self._registers = bytearray(256)
        self._registers[ID] = self.chip_id
        self._registers[OUT] = 0x80
        self._pointer = 0
        self._awake_at = self.clock.monotonic() + STARTUP_SECONDS
        self._done_at = 0.0
        self._result: bytes | None = None

    def write(self, data: bytes) -> None:
        """Set where to read; a second byte is the register's value."""
        self._pass_time()
        if data:
            self._pointer = data[0]
        if len(data) > 1:
            self._store(data[0], data[1])

    def _store(self, register: int, value: int) -> None:
        if (register, value) == (RESET, RESET_WORD):
            self.power_on()
        elif register == CONTROL and self._awake():
            self._command(value)

    def _awake(self) -> bool:
        return self.clock.monotonic() >= self._awake_at

    def _pass_time(self) -> None:
        if self._awake():
            self._registers[0xAA:0xC0] = struct.pack(">hhhHHHhhhhh", *self.trim)
        if self._result is not None and self.clock.monotonic() >= self._done_at:
            self._registers[OUT : OUT + 3] = self._result
            self._registers[CONTROL] &= ~SCO
            self._result = None

    def _command(self, value: int) -> None:
        """Convert if `sco` is set; a new command ends the conversion before."""
        self._registers[CONTROL] = value
        self._result = None
        oss, what = value >> 6, value & 0x1F
        if not value & SCO or what not in {TEMPERATURE, PRESSURE}:
            return
        milliseconds = MILLISECONDS[oss] if what == PRESSURE else MILLISECONDS[0]
        self._done_at = self.clock.monotonic() + milliseconds / 1000 * self.slowness
        self._result = self._converted(what, oss)

    def _converted(self, what: int, oss: int) -> bytes:
        ut = bisect(lambda code: b5_of(self.trim, code), 160 * self.values["temperature"], 0xFFFF)
        if what == TEMPERATURE:
            return ut.to_bytes(2, "big") + b"\x00"
        b5, pascal = b5_of(self.trim, ut), 100 * self.values["atmospheric_pressure"]
        up = bisect(lambda code: pascal_of(self.trim, code, b5, oss), pascal, (1 << 16 + oss) - 1)
        return (up << 8 - oss).to_bytes(3, "big")


def b5_of(trim: list[int], ut: int) -> int:
    """Return the temperature in 1/160 °C; the coldest code there is below the curve's pole."""
    _, _, _, _, ac5, ac6, _, _, _, mc, md = trim
    x1 = ((ut - ac6) * ac5) // 2**15
    if x1 <= -md:
        return -(2**31)
    return x1 + (mc * 2**11) // (x1 + md)


def pascal_of(trim: list[int], up: int, b5: int, oss: int) -> int:
    """Return Pa, with the whole numbers of figure 4; every division rounds down."""
    ac1, ac2, ac3, ac4, _, _, b1, b2, _, _, _ = trim
    b6 = b5 - 4000
    offset = (b2 * (b6 * b6 // 2**12)) // 2**11 + ac2 * b6 // 2**11
    b3 = ((ac1 * 4 + offset << oss) + 2) // 4
    bend = ac3 * b6 // 2**13 + (b1 * (b6 * b6 // 2**12)) // 2**16
    b4 = ac4 * ((bend + 2) // 4 + 32768) // 2**15
    p = (up - b3) * (50000 >> oss) * 2 // b4
    x1 = (p // 2**8) * (p // 2**8) * 3038 // 2**16
    x2 = -7357 * p // 2**16
    return p + (x1 + x2 + 3791) // 2**4
