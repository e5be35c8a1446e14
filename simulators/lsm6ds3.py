"""STMicroelectronics LSM6DS3 as its datasheet (DocID026899 revision 10) describes it.

FIFO, interrupts, filters and embedded functions are not modelled.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.adxl345 import STANDARD_GRAVITY, Sampler
from simulators.model import Range

BANK, ORIENTATION, WHO_AM_I = 0x01, 0x0B, 0x0F
CTRL1_XL, CTRL2_G, CTRL3_C, CTRL4_C = 0x10, 0x11, 0x12, 0x13
CTRL9_XL, CTRL10_C = 0x18, 0x19
STATUS, OUT_TEMP, OUT_G, OUT_XL = 0x1E, 0x20, 0x22, 0x28
READ_ONLY = {WHO_AM_I, *range(0x1A, 0x40), 0x49, 0x4A, *range(0x4B, 0x56), *range(0x7C, 0x100)}
READ_ONLY |= {0x00, 0x02, 0x03, 0x05}
EMBEDDED, RESET, INCREMENT, BLOCK = 0x80, 0x01, 0x04, 0x40
SLEEP_G = 0x40
HERTZ = (0, 12.5, 26, 52, 104, 208, 416, 833, 1660, 3330, 6660)
MICRO_G = (61, 488, 122, 244)  # a step, by the full scale
MILLI_DEGREES = (8.75, 17.5, 35, 70)
TURN_ON = 0.07  # seconds, of the gyroscope
NEW_XL, NEW_G, NEW_T = 0x01, 0x02, 0x04
OWN_ENABLES = 0x38  # of an LSM6DS3: all axes


class LSM6DS3(Sampler):
    """Powered down until a rate is set; shows each sample until the next."""

    addresses: ClassVar[tuple[int, ...]] = (0x6A, 0x6B)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 1 / 16),
        **{f"angular_velocity_{axis}": Range(-250, 250, 0.00875) for axis in "xyz"},
        **{
            f"acceleration_{axis}": Range(
                -1.95 * STANDARD_GRAVITY, 1.95 * STANDARD_GRAVITY, 0.000061 * STANDARD_GRAVITY
            )
            for axis in "xyz"
        },
    }
    dead: ClassVar[Mapping[str, float]] = {"acceleration_x": 1.5}  # stuck to an electrode
    quiet: ClassVar[Mapping[str, float]] = {
        "temperature": 24.0,
        **{f"angular_velocity_{axis}": 0.0 for axis in "xyz"},
        "acceleration_x": 0.0,
        "acceleration_y": 0.0,
        "acceleration_z": STANDARD_GRAVITY,
    }
    chip_id: ClassVar[int] = 0x69
    per_degree: ClassVar[int] = 16
    enables: ClassVar[tuple[int, int]] = (OWN_ENABLES, OWN_ENABLES)  # CTRL9_XL and CTRL10_C
    has_offsets: ClassVar[bool] = False

    def power_on(self) -> None:
        """Begin powered down."""
        super().power_on()
        self._turned_at = self.clock.monotonic()

    def reset_values(self) -> Mapping[int, int]:
        """Return those of table 16 that are not 0."""
        nine, ten = self.enables
        return {WHO_AM_I: self.chip_id, CTRL3_C: INCREMENT, CTRL9_XL: nine, CTRL10_C: ten}

    def period(self) -> float | None:
        """Return seconds by the accelerometer's rate; None for power-down and reserved rates."""
        rate = self._registers[CTRL1_XL] >> 4
        return 1 / HERTZ[rate] if 0 < rate < len(HERTZ) else None

    def sample(self) -> None:
        """Write the words of all sensors that are on."""
        self._registers[STATUS] |= NEW_XL | NEW_T
        celsius = round((self.values["temperature"] - 25) * self.per_degree)
        self._put(OUT_TEMP, celsius)
        for n, axis in enumerate("xyz"):
            self._put(OUT_XL + 2 * n, self._acceleration(n, axis))
        if self._registers[CTRL2_G] >> 4:
            self._registers[STATUS] |= NEW_G
            for n, axis in enumerate("xyz"):
                self._put(OUT_G + 2 * n, self._rotation(n, axis))

    def _put(self, place: int, code: int) -> None:
        word = min(max(code, -32768), 32767)
        order = ">h" if self._registers[CTRL3_C] & 0x02 else "<h"
        self._registers[place : place + 2] = struct.pack(order, word)

    def _acceleration(self, n: int, axis: str) -> int:
        if self.enables[0] == OWN_ENABLES and not self._registers[CTRL9_XL] & 0x08 << n:
            return 0
        step = MICRO_G[self._registers[CTRL1_XL] >> 2 & 3] / 1e6 * STANDARD_GRAVITY
        offset = 0.0
        if self.has_offsets:
            offset = struct.unpack("b", self._registers[0x73 + n : 0x74 + n])[0] / 1024
        return round((self.felt(f"acceleration_{axis}") + offset * STANDARD_GRAVITY) / step)

    def _rotation(self, n: int, axis: str) -> int:
        on = self.clock.monotonic() - self._turned_at >= TURN_ON
        off = self.enables[1] == OWN_ENABLES and not self._registers[CTRL10_C] & 0x08 << n
        if not on or off or self._registers[CTRL4_C] & SLEEP_G:
            return 0
        second = self._registers[CTRL2_G]
        step = 4.375 if second & 0x02 else MILLI_DEGREES[second >> 2 & 3]
        sign = -1 if not self.has_offsets and self._registers[ORIENTATION] & 0x20 >> n else 1
        return round(sign * self.values[f"angular_velocity_{axis}"] * 1000 / step)

    def _store(self, register: int, value: int) -> None:
        if self._registers[BANK] & EMBEDDED and register != BANK:
            return
        if register == CTRL3_C and value & RESET:
            self.power_on()
            self._pointer = register
            return
        if register in {CTRL2_G, CTRL4_C} and value != self._registers[register]:
            self._turned_at = self.clock.monotonic()
        if register not in READ_ONLY:
            super()._store(register, value)

    def _fetch(self, register: int) -> int:
        if self._registers[BANK] & EMBEDDED and register != BANK:
            return 0
        value = super()._fetch(register)
        for first, bit in ((OUT_XL, NEW_XL), (OUT_G, NEW_G), (OUT_TEMP, NEW_T)):
            if register == first + 1:
                self._registers[STATUS] &= ~bit
        return value

    def _advance(self) -> None:
        if self._registers[CTRL3_C] & INCREMENT:
            super()._advance()
