"""Bosch BMP388 as its datasheet describes it (BST-BMP388-DS001): registers, no checksum.

A physical value becomes the code that the compensation turns back into it. The FIFO
is not modelled.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from simulators.base.bosch import RESET_WORD, BoschRegisters, Filter
from simulators.bmp280 import bisect
from simulators.clock import SimulatedClock
from simulators.model import Range

ID, STATUS, DATA, EVENT, INT_CTRL, POWER, OSR, ODR, CONFIG = (
    0x00,
    0x03,
    0x04,
    0x10,
    0x19,
    0x1B,
    0x1C,
    0x1D,
    0x1F,
)
TRIM_AT, CMD = 0x31, 0x7E
KEPT = {INT_CTRL: 0x7F, 0x1A: 0x07, POWER: 0x33, OSR: 0x3F, ODR: 0x1F, CONFIG: 0x0E}
COMMAND_READY, PRESSURE_READY, TEMPERATURE_READY = 0x10, 0x20, 0x40
NORMAL = 3
START_SECONDS = 0.0017  # less than the 2 ms of table 2
NO_RESULT = bytes.fromhex("00 00 80 00 00 80")
# T1..T3 and P1..P11 as their registers hold them
TRIM = (27600, 18900, -7, 5574, 1200, 35, 0, 20230, 30000, -7, -9, 1000, 6, -60)
ANOTHER_TRIM = (27480, 19010, -6, 5320, 1100, 31, 1, 20480, 29500, -6, -8, 1100, 8, -55)


class BMP3xx(BoschRegisters):
    """Measures on command or continuously; two flags say what is new until it is read."""

    addresses: ClassVar[tuple[int, ...]] = (0x77, 0x76)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 0.005),
        "atmospheric_pressure": Range(300, 1250, 0.0264),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "atmospheric_pressure": 1013.0}
    chip_id: ClassVar[int] = 0x50

    def __init__(self, clock: SimulatedClock) -> None:
        self.trim: Sequence[int] = TRIM
        super().__init__(clock)

    def vary(self) -> None:
        """Take the trim of another chip."""
        self.trim = ANOTHER_TRIM

    def power_on(self) -> None:
        """Sleep; the trim comes out of the fuses a little later."""
        self._registers = bytearray(256)
        self._registers[ID] = self.chip_id
        self._registers[EVENT] = 1
        self._registers[INT_CTRL] = self._registers[OSR] = 0x02
        self._show(NO_RESULT)
        self._pointer = 0
        self._filter = Filter()
        self._awake_at = self.clock.monotonic() + START_SECONDS
        self._done_at: float | None = None

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; a look at a result clears its flag."""
        frame = super().read(count)
        seen = range(self._pointer, self._pointer + count)
        if any(register in seen for register in range(DATA, DATA + 3)):
            self._registers[STATUS] &= ~PRESSURE_READY
        if any(register in seen for register in range(DATA + 3, DATA + 6)):
            self._registers[STATUS] &= ~TEMPERATURE_READY
        if EVENT in seen:
            self._registers[EVENT] = 0
        return frame

    def _pass_time(self) -> None:
        now = self.clock.monotonic()
        if now >= self._awake_at and not self._registers[STATUS] & COMMAND_READY:
            self._registers[STATUS] |= COMMAND_READY
            trim = struct.pack("<HHbhhbbHHbbhbb", *self.trim)
            self._registers[TRIM_AT : TRIM_AT + len(trim)] = trim
        if self._done_at is not None and now >= self._done_at:
            self._finish(now - self._done_at)

    def _store(self, register: int, value: int) -> None:
        if register == CMD and value == RESET_WORD and self._registers[STATUS] & COMMAND_READY:
            self.power_on()
        elif register in KEPT:
            self._registers[register] = value & KEPT[register]
            if register == POWER:
                self._begin()

    def _begin(self) -> None:
        self._done_at = None
        if self._mode():
            self._sampled = self._codes()
            self._done_at = self.clock.monotonic() + self._seconds()

    def _finish(self, late: float) -> None:
        """Show what is ready; in normal mode, the next one follows in its time."""
        period = max(0.005 * 2 ** self._registers[ODR], self._seconds())
        pressed, warmed = self._enabled()
        self._show(self._codes() if self._mode() == NORMAL and late >= period else self._sampled)
        self._registers[STATUS] |= PRESSURE_READY * pressed | TEMPERATURE_READY * warmed
        if self._mode() == NORMAL:
            self._sampled = self._codes()
            self._done_at = self.clock.monotonic() - late % period + period
        else:
            self._done_at = None
            self._registers[POWER] &= 0x03

    def _mode(self) -> int:
        return self._registers[POWER] >> 4 & 3

    def _enabled(self) -> tuple[bool, bool]:
        power = self._registers[POWER]
        return bool(power & 1), bool(power & 2)

    def _samples(self) -> tuple[int, int]:
        """Return how often pressure and temperature are sampled."""
        setting = self._registers[OSR]
        return 1 << min(setting & 7, 5), 1 << min(setting >> 3, 5)

    def _seconds(self) -> float:
        """Return the typical time (§3.9.2)."""
        (pressed, warmed), (p, t) = self._enabled(), self._samples()
        microseconds = 234 + pressed * (392 + 2020 * p) + warmed * (163 + 2020 * t)
        return microseconds * 1e-6 * self.slowness

    def _show(self, codes: bytes) -> None:
        self._registers[DATA : DATA + 6] = codes

    def _codes(self) -> bytes:
        (pressed, warmed), (p, t) = self._enabled(), self._samples()
        held = bytes(self._registers[DATA : DATA + 6])
        value = self._filter.smoothed(self._registers[CONFIG] >> 1 & 7, self.values)
        code = search(lambda c: celsius_of(self.trim, c), value["temperature"], t)
        warm = celsius_of(self.trim, code)
        pascal = 100 * value["atmospheric_pressure"]
        found = search(lambda c: -pascal_of(self.trim, c, warm), -pascal, p)
        shown = found.to_bytes(3, "little") if pressed else held[:3]
        return shown + (code.to_bytes(3, "little") if warmed else held[3:])


def search(rising: Callable[[int], float], target: float, samples: int) -> int:
    """Return the nearest code; 16 of 24 bits count for one sample, 21 for 32 (table 7)."""
    step = 256 // samples
    return step * bisect(lambda n: rising(step * n), target, (1 << 24) // step - 1)


def celsius_of(trim: Sequence[int], code: int) -> float:
    """Return °C: a line with a little bend, from the code T1."""
    t1, t2, t3 = trim[:3]
    away = code - 256 * t1
    return away * t2 / 2**30 + away * away * t3 / 2**48


def pascal_of(trim: Sequence[int], code: int, warm: float) -> float:
    """Return Pa: a cubic of the code whose coefficients follow the temperature."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = trim[3:]
    constant = 8 * p5 + warm * (p6 / 2**6 + warm * (p7 / 2**8 + warm * p8 / 2**15))
    linear = (p1 - 2**14) / 2**20 + warm * (
        (p2 - 2**14) / 2**29 + warm * (p3 / 2**32 + warm * p4 / 2**37)
    )
    square = (p9 + p10 * warm) / 2**48
    return constant + code * (linear + code * (square + code * p11 / 2**65))
