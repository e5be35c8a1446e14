"""ScioSense ENS160 as its datasheet describes it (SC-001224-DS): registers, one result a second."""

import math
from collections.abc import Collection, Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

MODE, SURROUNDINGS, STATUS, DATA = 0x10, 0x13, 0x20, 0x21
RESET, STANDARD = 0xF0, 0x02
WRITABLE = {MODE, 0x11, 0x12, *range(SURROUNDINGS, SURROUNDINGS + 4)}
RUNS, NEW, WARMS_UP = 0x80, 0x02, 0x04
PERIOD = 1.0


class ENS160(PointedRegisters):
    """Measures each second in its standard mode; its first results are of a cold hotplate."""

    addresses: ClassVar[tuple[int, ...]] = (0x53, 0x52)
    inputs: ClassVar[Mapping[str, Range]] = {
        "aqi": Range(1, 5, 1),
        "eco2": Range(400, 65000, 1),
        "tvoc": Range(0, 65000, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"aqi": 1, "eco2": 450, "tvoc": 40}
    chip_id: ClassVar[int] = 0x0160
    warm_up: ClassVar[float] = 180.0  # seconds

    def power_on(self) -> None:
        """Sleep deeply."""
        self._registers = bytearray(256)
        self._registers[0:2] = self.chip_id.to_bytes(2, "little")
        self._pointer = 0
        self._warm_at = self._due = math.inf

    def _given(self, places: Collection[int]) -> None:
        """Clear the flag of a result that was read."""
        if not set(places).isdisjoint(range(DATA, DATA + 5)):
            self._registers[STATUS] &= ~NEW

    def _store(self, register: int, value: int) -> None:
        if (register, value) == (MODE, RESET):
            self.power_on()
            return
        if register not in WRITABLE:
            return
        before, self._registers[register] = self._registers[register], value
        if register == MODE and value != before:
            self._registers[STATUS] = 0
            self._warm_at = self._due = math.inf
            if value == STANDARD:
                self._warm_at = self.clock.monotonic() + self.warm_up
                self._registers[STATUS] = RUNS
                self._due = self.clock.monotonic() + PERIOD * self.slowness

    def _pass_time(self) -> None:
        """Show what has become ready: an average of the last moments."""
        late = self.clock.monotonic() - self._due
        if late < 0:
            return
        period = PERIOD * self.slowness
        self._registers[DATA : DATA + 5] = self._codes()
        warm = self.clock.monotonic() >= self._warm_at
        self._registers[STATUS] = RUNS | NEW | WARMS_UP * (not warm)
        self._due = self.clock.monotonic() - late % period + period

    def _codes(self) -> bytes:
        cold = self.clock.monotonic() < self._warm_at
        aqi = min(max(round(self.values["aqi"]), 0), 7)
        words = (min(max(round(self.values[each]), 0), 0xFFFF) for each in ("tvoc", "eco2"))
        return (
            b"\x01" * 5 if cold else bytes([aqi]) + b"".join(w.to_bytes(2, "little") for w in words)
        )
