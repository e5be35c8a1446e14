"""Bosch BME680 as its datasheet describes it (BST-BME680-DS001-08): forced measurements with gas.

A physical value becomes the code that the compensation turns back into it.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.base.bosch import RESET, RESET_WORD, BoschRegisters, Filter
from simulators.bmp280 import SAMPLES, bisect, search
from simulators.clock import SimulatedClock
from simulators.model import Range

RES_HEAT, GAS_WAIT, CTRL_GAS_0, CTRL_GAS_1 = 0x5A, 0x64, 0x70, 0x71
CTRL_HUM, CTRL_MEAS, CONFIG = 0x72, 0x74, 0x75
HEATER_OFF = 0x08  # of CTRL_GAS_0
STATUS, DATA, GAS_LOW, GAS_HIGH = 0x1D, 0x1F, 0x2A, 0x2C
WRITABLE = {RES_HEAT, GAS_WAIT, CTRL_GAS_0, CTRL_GAS_1, CTRL_HUM, CTRL_MEAS, CONFIG}
STABLE_MS = 15  # a heater needs some time
# As chips on sale hold them; the datasheet has no example
T1, T2, T3 = 26041, 26469, 3
P = (36220, -10416, 88, 7003, -148, 30, 31, -2886, -2463, 30)
H = (785, 1009, 0, 45, 20, 120, -100)  # low nibbles alike: Adafruit has them in exchange
G = (-30, -5969, 18)
HEATER_RANGE, HEATER_VALUE, SWITCHING_ERROR = 1, 46, 3
# Table 16, in thousandths
FIRST = {5: -10, 7: -8, 10: -2, 11: -5, 13: -10}
SECOND = {4: 1, 5: 7, 7: -8, 8: -1}


class BME680(BoschRegisters):
    """Measures on command, then heats, and measures the gas's resistance."""

    addresses: ClassVar[tuple[int, ...]] = (0x76, 0x77)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 0.01),
        "atmospheric_pressure": Range(300, 1100, 0.06),
        "humidity": Range(0, 100, 0.02),
        "gas": Range(200, 1_000_000, 1250),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        "temperature": 21.0,
        "atmospheric_pressure": 1013.0,
        "humidity": 45.0,
        "gas": 120_000.0,
    }
    chip_id: ClassVar[int] = 0x61

    def __init__(self, clock: SimulatedClock) -> None:
        self.variant = 0  # 1 is a BME688
        super().__init__(clock)

    def power_on(self) -> None:
        """Clear every register, and show that nothing was measured."""
        self._registers = bytearray(256)
        self._show(0xD0, bytes([self.chip_id]))
        self._show(0xF0, bytes([self.variant]))
        self._show(DATA, bytes.fromhex("8000008000008000"))
        self._burn_in()
        self._pointer = 0
        self._began = 0.0
        self._filter = Filter()
        self._result: bytes | None = None

    def _store(self, register: int, value: int) -> None:
        if (register, value) == (RESET, RESET_WORD):
            self.power_on()
        elif register in WRITABLE:
            self._registers[register] = value
            if register == CTRL_MEAS and value & 3 == 1:
                self._convert()

    def _convert(self) -> None:
        self._result = self._codes()
        self._began = self.clock.monotonic()

    def _pass_time(self) -> None:
        if self._result is None:
            return
        if self.clock.monotonic() < self._began + self._seconds() * self.slowness:
            self._registers[STATUS] = 0x60
            return
        self._show(DATA, self._result)
        self._registers[CTRL_MEAS] &= 0xFC  # back to sleep
        self._registers[STATUS] = 0x80
        self._result = None

    def _seconds(self) -> float:
        """Return the time of all four; the gas's is that of its heater."""
        samples = sum(SAMPLES[setting] for setting in self._settings())
        return 0.001963 * samples + 0.0048 + self._heated_ms() / 1000

    def _settings(self) -> tuple[int, int, int]:
        control = self._registers[CTRL_MEAS]
        return control >> 5, control >> 2 & 7, self._registers[CTRL_HUM] & 7

    def _heated_ms(self) -> int:
        wait = self._registers[GAS_WAIT]
        return (wait & 0x3F) << 2 * (wait >> 6) if self._runs_gas() else 0

    def _runs_gas(self) -> bool:
        return bool(self._registers[CTRL_GAS_1] & (0x20 if self.variant else 0x10))

    def _burn_in(self) -> None:
        p1, p2, p3, p4, p5, p6, p7, p8, p9, p10 = P
        first = struct.pack("<hbxHhbxhhbbxxhhB", T2, T3, p1, p2, p3, p4, p5, p7, p6, p8, p9, p10)
        h1, h2, *h = H
        shared = bytes([h2 >> 4, (h2 & 0xF) << 4 | h1 & 0xF, h1 >> 4])
        g1, g2, g3 = G
        self._show(0x8A, first)
        self._show(0xE1, shared + struct.pack("<bbbBbHhbb", *h, T1, g2, g1, g3))
        self._show(0x00, bytes([HEATER_VALUE, 0, HEATER_RANGE << 4, 0, SWITCHING_ERROR << 4]))

    def _show(self, register: int, data: bytes) -> None:
        self._registers[register : register + len(data)] = data

    def _codes(self) -> bytes:
        """Return registers 0x1F..0x2D as they will be."""
        t, p, h = (SAMPLES[setting] for setting in self._settings())
        value = self._filter.smoothed(self._registers[CONFIG] >> 2 & 7, self.values)
        code_t = search(lambda c: fine_of(c) / 5120, value["temperature"], t) if t else 0x80000
        fine, code_p, code_h = fine_of(code_t), 0x80000, 0x8000
        if p and t:
            code_p = search(lambda c: -pascal_of(c, fine), -100 * value["atmospheric_pressure"], p)
        if h and t:
            code_h = bisect(lambda c: percent_of(c, fine / 5120), value["humidity"], 0xFFFF)
        climate = (code_p << 4).to_bytes(3) + (code_t << 4).to_bytes(3) + code_h.to_bytes(2)
        gas = self._gas() if self._runs_gas() else bytes(2)
        return climate + bytes(3) + (gas + bytes(2) if not self.variant else bytes(2) + gas)

    def _gas(self) -> bytes:
        """Return the code nearest to the middle of those that each range would give."""
        found = [(self._gas_code(span), span) for span in range(16)]
        code, span = min(found, key=lambda each: abs(each[0] - 512))
        code = min(max(code, 0), 1023)
        heats = self._registers[RES_HEAT] and not self._registers[CTRL_GAS_0] & HEATER_OFF
        stable = 0x10 if heats and self._heated_ms() >= STABLE_MS else 0
        return (code << 6 | 0x20 | stable | span).to_bytes(2)

    def _gas_code(self, span: int) -> int:
        ohms = max(self.values["gas"], 1.0)
        if self.variant:
            return round((1e6 * (262144 >> span) / ohms - 4096) / 3 + 512)
        first = (1340 + 5 * SWITCHING_ERROR) * (1 + FIRST.get(span, 0) / 1000)
        second = 1 + SECOND.get(span, 0) / 1000
        worth: float = 8e6 / (second * (1 << span))
        return round(first * (worth / ohms - 1) + 512)


def fine_of(code: int) -> float:
    """Return the temperature in 1/5120 °C, as a polynomial of the distance from T1."""
    away = code - 16 * T1
    return away * T2 / 2**14 + away * away * T3 / 2**30


def pascal_of(code: int, fine: float) -> float:
    """Return Pa: offset and sensitivity follow the temperature, three more terms bend the line."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10 = P
    warm = fine / 2 - 64000
    offset = 16 * p4 + warm * p5 / 2**13 + warm * warm * p6 / 2**31
    sensitivity = p1 * (1 + warm * p2 / 2**34 + warm * warm * p3 / 2**48)
    line = 6250 * (2**20 - code - offset) / sensitivity
    return line + 8 * p7 + line * p8 / 2**19 + line**2 * p9 / 2**35 + line**3 * p10 / 2**45


def percent_of(code: int, celsius: float) -> float:
    """Return relative humidity in %, not cropped."""
    h1, h2, h3, h4, h5, h6, h7 = H
    slope = h2 / 2**18 * (1 + h4 * celsius / 2**14 + h5 * celsius**2 / 2**20)
    line = (code - 16 * h1 - h3 * celsius / 2) * slope
    return line + (h6 / 2**14 + h7 * celsius / 2**21) * line * line
