"""Lite-On LTR-390UV as its datasheet describes it (DS86-2015-0004 V1.1): two light sensors."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

CTRL, RATE, GAIN, ID, STATUS = 0x00, 0x04, 0x05, 0x06, 0x07
DATA = {False: 0x0D, True: 0x10}  # by whether ultraviolet is measured
POWER_ON = {
    RATE: 0x22,
    GAIN: 0x01,
    STATUS: 0x20,
    0x19: 0x10,
    0x21: 0xFF,
    0x22: 0xFF,
    0x23: 0x0F,
}
WRITABLE = {RATE, GAIN, 0x19, 0x1A, *range(0x21, 0x27)}
RESET, ULTRAVIOLET, ENABLE = 0x10, 0x08, 0x02  # bits of CTRL
POWERED_UP, FRESH = 0x20, 0x08  # bits of STATUS
BITS = (20, 19, 18, 17, 16, 13, 13, 13)
MILLISECONDS = (400, 200, 100, 50, 25, 12.5, 12.5, 12.5)
REPEATED = (25, 50, 100, 200, 500, 1000, 2000, 2000)  # ms
GAINS = (1, 3, 6, 9, 18, 18, 18, 18)
WAKE_UP = 0.005


class LTR390(PointedRegisters):
    """Measures continuously what its mode says; a flag stays until the data are read."""

    addresses: ClassVar[tuple[int, ...]] = (0x53,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "illuminance": Range(0, 157_286, 0.15),
        "uv_index": Range(0, 455, 1 / 2300),
    }
    dead: ClassVar[Mapping[str, float]] = {"illuminance": 0, "uv_index": 0}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 300.0, "uv_index": 1.0}
    chip_id: ClassVar[int] = 0xB2

    def power_on(self) -> None:
        """Stand by, and say in the status that power returned."""
        self._registers = bytearray(256)
        for register, value in {**POWER_ON, ID: self.chip_id}.items():
            self._registers[register] = value
        self._pointer = 0
        self._ready_at = 0.0
        self._result: bytes | None = None

    def _given(self, places: Collection[int]) -> None:
        """Clear the flags that last until they or the data are read."""
        if STATUS in places:
            self._registers[STATUS] &= ~POWERED_UP
        if not set(DATA.values()).isdisjoint(places):
            self._registers[STATUS] &= ~FRESH

    def _store(self, register: int, value: int) -> None:
        if register == CTRL and value & RESET:
            self.power_on()
        elif register == CTRL:
            wakes = not self._registers[CTRL] & ENABLE
            self._registers[CTRL] = value
            self._result = None  # "stops the ongoing measurement"
            if value & ENABLE:
                self._begin(WAKE_UP if wakes else 0, 0)
        elif register in WRITABLE:
            self._registers[register] = value

    def _begin(self, delay: float, repeated: float) -> None:
        seconds = max(MILLISECONDS[self._registers[RATE] >> 4 & 7], repeated) / 1000
        self._ready_at = self.clock.monotonic() + delay + seconds * self.slowness
        self._ultraviolet = bool(self._registers[CTRL] & ULTRAVIOLET)
        self._result = self._counts().to_bytes(3, "little")

    def _pass_time(self) -> None:
        if self._result is None or self.clock.monotonic() < self._ready_at:
            return
        place = DATA[self._ultraviolet]
        self._registers[place : place + 3] = self._result
        self._registers[STATUS] |= FRESH
        self._begin(0, REPEATED[self._registers[RATE] & 7])

    def _counts(self) -> int:
        field = self._registers[RATE] >> 4 & 7
        gain = GAINS[self._registers[GAIN] & 7]
        if self._ultraviolet:
            sensitivity = 2300 * gain / 18 * 2.0 ** (BITS[field] - 20)  # per UV index
            light = self.felt("uv_index")
        else:
            sensitivity = gain * MILLISECONDS[field] / 100 / 0.6  # per lx
            light = self.felt("illuminance")
        return min(max(round(light * sensitivity), 0), (1 << BITS[field]) - 1)
