"""Analog Devices ADXL345 as its datasheet (revision G) describes it: registers that it refreshes.

The FIFO and the detection of taps, activity and free fall are not modelled.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

STANDARD_GRAVITY = 9.80665  # m/s²
INT_SOURCE, DATA_FORMAT, DATAX0 = 0x30, 0x31, 0x32
BW_RATE, POWER_CTL = 0x2C, 0x2D
READ_ONLY = {0x00, 0x2B, INT_SOURCE, *range(DATAX0, 0x38), 0x39}
DATA_READY, OVERRUN = 0x80, 0x01
FULL_RES, JUSTIFY = 0x08, 0x04
MEASURE, SLEEP = 0x08, 0x04
WAKE_UP_HERTZ = (8, 4, 2, 1)  # in sleep mode
OFFSET_G = 0.0156  # per LSB


class Sampler(I2CModel):
    """Registers in a row, some of which it refreshes with a sample once in a period."""

    def power_on(self) -> None:
        """Begin with the register map's reset values."""
        self._registers = bytearray(256)
        for register, value in self.reset_values().items():
            self._registers[register] = value
        self._pointer = 0
        self._sampled_at = self.clock.monotonic()

    def reset_values(self) -> Mapping[int, int]:
        """Return the registers that are not 0 at power-on."""
        raise NotImplementedError

    def period(self) -> float | None:
        """Return seconds from sample to sample, None if it takes none."""
        raise NotImplementedError

    def sample(self) -> None:
        """Put the surroundings into the registers, and say that they are new."""
        raise NotImplementedError

    def set(self, channel: str, value: float) -> None:
        """Change the surroundings after what was sampled before."""
        self._pass_time()
        super().set(channel, value)

    def write(self, data: bytes) -> None:
        """Take a register's number, and values for it and those that follow."""
        self._pass_time()
        if data:
            self._pointer = data[0]
        for value in data[1:]:
            self._store(self._pointer, value)
            self._advance()

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; none is refreshed within a message."""
        self._pass_time()
        values = bytearray()
        for _ in range(count):
            values.append(self._fetch(self._pointer))
            self._advance()
        return bytes(values)

    def _advance(self) -> None:
        self._pointer = (self._pointer + 1) % 256

    def _store(self, register: int, value: int) -> None:
        self._registers[register] = value

    def _fetch(self, register: int) -> int:
        return self._registers[register]

    def _pass_time(self) -> None:
        """Sample as often as it was due; only the last of them is seen."""
        now, period = self.clock.monotonic(), self.period()
        if period is None:
            self._sampled_at = now
            return
        samples = int((now - self._sampled_at) / (period * self.slowness))
        if samples:
            self._sampled_at += samples * period * self.slowness
            self.sample()


class ADXL345(Sampler):
    """Measures in measurement mode, as fast and as finely as its registers say."""

    addresses: ClassVar[tuple[int, ...]] = (0x53, 0x1D)
    inputs: ClassVar[Mapping[str, Range]] = {
        f"acceleration_{axis}": Range(
            -4095 / 256 * STANDARD_GRAVITY, 4094 / 256 * STANDARD_GRAVITY, STANDARD_GRAVITY / 256
        )
        for axis in "xyz"
    }
    dead: ClassVar[Mapping[str, float]] = {"acceleration_x": 1.5}  # stuck to an electrode
    quiet: ClassVar[Mapping[str, float]] = {
        "acceleration_x": 0.0,
        "acceleration_y": 0.0,
        "acceleration_z": STANDARD_GRAVITY,
    }
    chip_id: ClassVar[int] = 0xE5

    def reset_values(self) -> Mapping[int, int]:
        """Return the register map's (table 19)."""
        return {0x00: self.chip_id, BW_RATE: 0x0A, INT_SOURCE: 0x02}

    def period(self) -> float | None:
        """Return 3200 Hz, halved for each step below the fastest; in sleep, the wake-up rate."""
        power = self._registers[POWER_CTL]
        if not power & MEASURE:
            return None
        if power & SLEEP:
            return 1 / WAKE_UP_HERTZ[power & 3]
        return (1 << 0x0F - (self._registers[BW_RATE] & 0x0F)) / 3200

    def sample(self) -> None:
        """Write both bytes of each axis; an unread sample is overrun."""
        words = [self._word(n, f"acceleration_{axis}") for n, axis in enumerate("xyz")]
        self._registers[DATAX0 : DATAX0 + 6] = struct.pack("<hhh", *words)
        unread = self._registers[INT_SOURCE] & DATA_READY
        self._registers[INT_SOURCE] |= DATA_READY | (OVERRUN if unread else 0)

    def _word(self, n: int, channel: str) -> int:
        form = self._registers[DATA_FORMAT]
        extra = form & 3  # bits that the range adds to ±2 g
        offset = int.from_bytes(self._registers[0x1E + n : 0x1F + n], signed=True) * OFFSET_G
        fine = round((self.felt(channel) / STANDARD_GRAVITY + offset) * 256)
        bits, code = (10 + extra, fine) if form & FULL_RES else (10, fine >> extra)
        code = min(max(code, -(1 << bits - 1)), (1 << bits - 1) - 1)
        return code << 16 - bits if form & JUSTIFY else code

    def _store(self, register: int, value: int) -> None:
        if register not in READ_ONLY:
            super()._store(register, value)

    def _fetch(self, register: int) -> int:
        value = super()._fetch(register)
        if DATAX0 <= register < DATAX0 + 6:
            self._registers[INT_SOURCE] &= ~(DATA_READY | OVERRUN)
        return value
