"""STMicroelectronics LIS3DH as its datasheet (DocID17530 revision 2) describes it.

FIFO, filters, interrupts and the auxiliary converter are not modelled.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.adxl345 import STANDARD_GRAVITY, Sampler
from simulators.model import Range

WHO_AM_I, CTRL_REG0 = 0x0F, 0x1E
CTRL_REG1, CTRL_REG4, STATUS, OUT_X_L = 0x20, 0x23, 0x27, 0x28
ACT_THS = 0x3E
WRITABLE = {CTRL_REG0, 0x1F, *range(0x20, 0x27), 0x2E, 0x30, 0x32, 0x33, 0x34, 0x36, 0x37, 0x38}
WRITABLE |= {0x3A, 0x3B, 0x3C, 0x3D, ACT_THS, 0x3F}
NEW, OVERRUN = 0x0F, 0xF0
HERTZ = (0, 1, 10, 25, 50, 100, 200, 400, 1620, 1344)  # ODR, but for 5376 Hz of low power
IDLE_HERTZ = 10  # while it sleeps until something moves
LOW_POWER = 0x08  # of CTRL_REG1
HIGH_RESOLUTION, BIG_ENDIAN = 0x08, 0x40  # of CTRL_REG4
MILLI_G = (1, 2, 4, 12)  # per digit of 12 bits, table 4
TURN_ON_SAMPLES = 7  # table 11


class LIS3DH(Sampler):
    """Samples unless powered down; its first samples creep towards the truth."""

    addresses: ClassVar[tuple[int, ...]] = (0x18, 0x19)
    inputs: ClassVar[Mapping[str, Range]] = {
        f"acceleration_{axis}": Range(
            -2 * STANDARD_GRAVITY, 2 * STANDARD_GRAVITY, STANDARD_GRAVITY / 1000
        )
        for axis in "xyz"
    }
    dead: ClassVar[Mapping[str, float]] = {"acceleration_x": 1.5}  # stuck to an electrode
    quiet: ClassVar[Mapping[str, float]] = {
        "acceleration_x": 0.0,
        "acceleration_y": 0.0,
        "acceleration_z": STANDARD_GRAVITY,
    }
    chip_id: ClassVar[int] = 0x33

    def power_on(self) -> None:
        """Begin powered down."""
        super().power_on()
        self._increment = False
        self._changed_at = self.clock.monotonic()

    def reset_values(self) -> Mapping[int, int]:
        """Return the register map's (§7)."""
        return {WHO_AM_I: self.chip_id, CTRL_REG0: 0x10, CTRL_REG1: 0x07}

    def period(self) -> float | None:
        """Return seconds by CTRL_REG1; reserved rates, and 0, are power-down."""
        rate = self._registers[CTRL_REG1] >> 4
        if not 0 < rate < len(HERTZ):
            return None
        return 1 / (min(HERTZ[rate], IDLE_HERTZ) if self._idles() else HERTZ[rate])

    def sample(self) -> None:
        """Write both bytes of each enabled axis; what was unread is overrun."""
        unread = self._registers[STATUS] & NEW
        self._registers[STATUS] = NEW | unread << 4
        order = ">h" if self._registers[CTRL_REG4] & BIG_ENDIAN else "<h"
        for n, axis in enumerate("xyz"):
            if self._registers[CTRL_REG1] & 1 << n:
                place = OUT_X_L + 2 * n
                word = struct.pack(order, self._word(self.felt(f"acceleration_{axis}")))
                self._registers[place : place + 2] = word

    def write(self, data: bytes) -> None:
        """Take a register's number, whose highest bit says whether to continue with the next."""
        if data:
            self._increment = bool(data[0] & 0x80)
        super().write(data[:1] and bytes([data[0] & 0x7F]) + data[1:])

    def _advance(self) -> None:
        if self._increment:
            self._pointer = (self._pointer + 1) % 0x80

    def _word(self, value: float) -> int:
        """Return 12 bits, left-justified; the lowest of them are 0 in the coarser modes."""
        settled = (self._sampled_at - self._changed_at) * (1 / (self.period() or 1))
        share = min(1, (settled + 0.001) / TURN_ON_SAMPLES)
        scale = MILLI_G[self._registers[CTRL_REG4] >> 4 & 3] / 1000
        code = min(max(round(share * value / STANDARD_GRAVITY / scale), -2048), 2047)
        return code >> self._missing_bits() << self._missing_bits() << 4

    def _missing_bits(self) -> int:
        if self._registers[CTRL_REG1] & LOW_POWER or self._idles():
            return 4
        return 0 if self._registers[CTRL_REG4] & HIGH_RESOLUTION else 2

    def _idles(self) -> bool:
        """Return whether the chip lowers its rate because nothing moves (3Eh)."""
        return bool(self._registers[ACT_THS])

    def _store(self, register: int, value: int) -> None:
        if register not in WRITABLE:
            return
        if register in {CTRL_REG1, CTRL_REG4} and value != self._registers[register]:
            self._changed_at = self._sampled_at = self.clock.monotonic()
        super()._store(register, value)

    def _fetch(self, register: int) -> int:
        value = super()._fetch(register)
        if register in range(OUT_X_L, OUT_X_L + 6, 2):
            n = (register - OUT_X_L) // 2
            self._registers[STATUS] &= ~(0x11 << n | 0x88)  # the axis's bits, and those of all
        return value
