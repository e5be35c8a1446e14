"""Bosch BMP280 as its datasheet describes it: registers, forced and normal mode, no checksum.

A physical value becomes the code that the compensation turns back into it.
"""

import math
import struct
from collections.abc import Callable, Mapping
from typing import ClassVar

from simulators.base.bosch import RESET, RESET_WORD, BoschRegisters, Filter
from simulators.clock import SimulatedClock
from simulators.model import Range

STARTUP_SECONDS = 0.0018  # less than the 2 ms of table 2
STATUS, CTRL_MEAS, CONFIG, DATA = 0xF3, 0xF4, 0xF5, 0xF7
WRITABLE = {CTRL_MEAS, CONFIG}
MODE, FORCED, NORMAL = 0x03, (1, 2), 3
SAMPLES = (0, 1, 2, 4, 8, 16, 16, 16)  # table 4, by the setting of three bits
# §3.12: the trim of the worked example, T1..T3 and P1..P9
TRIM = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
ANOTHER_TRIM = (28485, 26735, 50, 38075, -10660, 3024, 7229, -113, -7, 9900, -10230, 4285)


class BMP280(BoschRegisters):
    """Measures on command, or continuously; shows its last codes while it does."""

    addresses: ClassVar[tuple[int, ...]] = (0x76, 0x77)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 0.01),
        "atmospheric_pressure": Range(300, 1100, 0.0262),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "atmospheric_pressure": 1013.0}
    chip_id: ClassVar[int] = 0x58
    writable: ClassVar[set[int]] = WRITABLE
    # seconds between two measurements, by the setting t_sb (§4.3.5)
    standby: ClassVar[tuple[float, ...]] = (0.0005, 0.0625, 0.125, 0.25, 0.5, 1, 2, 4)
    skipped: ClassVar[bytes] = bytes.fromhex("80 00 00 80 00 00")

    def __init__(self, clock: SimulatedClock) -> None:
        self.trim = list(TRIM)
        super().__init__(clock)

    def vary(self) -> None:
        """Take the trim of another chip."""
        self.trim = list(ANOTHER_TRIM)

    def power_on(self) -> None:
        """Clear every register; the trim comes out of the fuses a little later."""
        self._registers = bytearray(256)
        self._registers[0xD0] = self.chip_id
        self._show(DATA, self.skipped)
        self._pointer = 0
        self._filter = Filter()
        self._awake_at = self.clock.monotonic() + STARTUP_SECONDS
        self._starting = True
        self._done_at = 0.0
        self._begins_at = math.inf
        self._result: bytes | None = None

    def _pass_time(self) -> None:
        now = self.clock.monotonic()
        if self._starting and now >= self._awake_at:
            self._starting = False
            self._burn_in()
        self._finish(now)
        if now >= self._begins_at:
            self._go_on(now)
        self._registers[STATUS] = (self._result is not None) << 3 | self._starting

    def _store(self, register: int, value: int) -> None:
        if (register, value) == (RESET, RESET_WORD):
            self.power_on()
            self._pass_time()
        elif register in self.writable:
            self._registers[register] = value
            if register == CTRL_MEAS:
                self._begins_at = math.inf  # what is under way comes to its end
            if register == CTRL_MEAS and value & MODE:
                self._begin(self.clock.monotonic())

    def _begin(self, at: float) -> None:
        self._result = self._codes()
        self._done_at = at + self._seconds()
        if self._registers[CTRL_MEAS] & MODE == NORMAL:
            self._begins_at = self._done_at + self._standby()

    def _finish(self, now: float) -> None:
        """Show what is ready, and go back to sleep after a forced conversion."""
        if self._result is None or now < self._done_at:
            return
        self._show(DATA, self._result)
        self._result = None
        if self._registers[CTRL_MEAS] & MODE in FORCED:
            self._registers[CTRL_MEAS] &= ~MODE

    def _go_on(self, now: float) -> None:
        """Be where the cycle of normal mode has come to (§3.6.3)."""
        cycle = self._seconds() + self._standby()
        late = now - self._begins_at
        if late >= cycle:  # it was not read for long
            self._show(DATA, self._codes())
        self._begin(now - late % cycle)
        self._finish(now)

    def _standby(self) -> float:
        return self.standby[self._registers[CONFIG] >> 5]

    def _seconds(self) -> float:
        return self._milliseconds() / 1000 * self.slowness

    def _milliseconds(self) -> float:
        """Return the typical time (§3.8.1)."""
        t, p = self._samples()
        return 1 + 2 * t + (2 * p + 0.5 if p else 0)

    def _samples(self) -> tuple[int, int]:
        control = self._registers[CTRL_MEAS]
        return SAMPLES[control >> 5], SAMPLES[control >> 2 & 7]

    def _burn_in(self) -> None:
        self._show(0x88, struct.pack("<HhhHhhhhhhhh", *self.trim))

    def _show(self, register: int, data: bytes) -> None:
        self._registers[register : register + len(data)] = data

    def _codes(self) -> bytes:
        t, p = self._samples()
        value = self._filter.smoothed(min(self._registers[CONFIG] >> 2 & 7, 4), self.values)
        code_t = self._temperature_code(value["temperature"], t)
        hectopascal = value["atmospheric_pressure"]
        code_p = 0x80000
        if p and t:  # no pressure without a temperature
            fine = fine_of(self.trim, code_t)
            code_p = search(lambda c: -pascal_of(self.trim, c, fine), -100 * hectopascal, p)
        return (code_p << 4).to_bytes(3, "big") + (code_t << 4).to_bytes(3, "big")

    def _temperature_code(self, celsius: float, samples: int) -> int:
        if not samples:
            return 0x80000
        return search(lambda code: fine_of(self.trim, code) / 5120, celsius, samples)


def search(rising: Callable[[int], float], target: float, samples: int) -> int:
    """Return the nearest code by bisection; 16 bits count for one sample, 20 for sixteen."""
    step = 16 // samples
    return step * bisect(lambda n: rising(step * n), target, (1 << 20) // step - 1)


def bisect(rising: Callable[[int], float], target: float, highest: int) -> int:
    """Return the whole number from 0 to `highest` at which a rising function is nearest.

    The function is nearly straight: where a straight line would meet the target, it is soon found.
    Every other step halves what is left, for at a pole the line would advance by one code a step.
    """
    low, high = 0, highest
    below, above = rising(low) - target, rising(high) - target
    straight = False
    while high - low > 1:
        straight = not straight
        share = below / (below - above) if straight and below < 0 < above else 0.5
        middle = min(max(low + round(share * (high - low)), low + 1), high - 1)
        beyond = rising(middle) - target
        if beyond <= 0:
            low, below = middle, beyond
        else:
            high, above = middle, beyond
    return low if abs(below) <= abs(above) else high


def fine_of(trim: list[int], code: int) -> float:
    """Return the temperature in 1/5120 °C, as a polynomial of the distance from T1."""
    t1, t2, t3 = trim[:3]
    away = code - 16 * t1
    return away * t2 / 2**14 + away * away * t3 / 2**34


def pascal_of(trim: list[int], code: int, fine: float) -> float:
    """Return Pa: offset and sensitivity follow the temperature, two more terms bend the line."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9 = trim[3:]
    warm = fine / 2 - 64000
    offset = 16 * p4 + warm * p5 / 2**13 + warm * warm * p6 / 2**29
    sensitivity = p1 * (1 + warm * p2 / 2**34 + warm * warm * p3 / 2**53)
    line = 6250 * (2**20 - code - offset) / sensitivity
    return line + p7 / 16 + line * p8 / 2**19 + line * line * p9 / 2**35
