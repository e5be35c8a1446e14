"""ams TSL2561 as its datasheet describes it (TAOS059N): commands, registers, two photodiodes."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

CONTROL, TIMING, ID, DATA = 0x00, 0x01, 0x0A, 0x0C
KEPT = {CONTROL: 0x03, TIMING: 0x1B, **dict.fromkeys(range(0x02, 0x06), 0xFF), 0x06: 0x3F}
SECONDS = (0.0137, 0.101, 0.402)
TOPS = (5047, 37177, 65535)
MANUAL = 3
# The share of a count that is light for the eye, by the ratio of both: package T, FN, CL; then CS
PACKAGES = {
    5: (
        (0.50, 0.0304, 0.062),
        (0.61, 0.0224, 0.031),
        (0.8, 0.0128, 0.0153),
        (1.3, 0.00146, 0.00112),
    ),
    1: (
        (0.52, 0.0315, 0.0593),
        (0.65, 0.0229, 0.0291),
        (0.8, 0.0157, 0.018),
        (1.3, 0.00338, 0.0026),
    ),
}


class TSL2561(PointedRegisters):
    """Integrates continuously while it is powered; `infrared` is the ratio of its two counts."""

    addresses: ClassVar[tuple[int, ...]] = (0x39, 0x29, 0x49)
    inputs: ClassVar[Mapping[str, Range]] = {"illuminance": Range(0, 22_000, 0.8)}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 300.0}
    infrared: float = 0.2

    def vary(self) -> None:
        """Be in the other package, whose filter differs."""
        self._registers[ID] = 0x10
        self._package = 1

    def power_on(self) -> None:
        """Sleep, with 402 ms at gain 1."""
        self._registers = bytearray(16)
        self._registers[TIMING] = 0x02
        self._package = 5
        self._registers[ID] = 0x50
        self._pointer = 0
        self._due: float | None = None

    def _register_of(self, first: int) -> int | None:
        """Take a command."""
        return first & 0x0F if first & 0x80 else None

    def _store(self, register: int, value: int) -> None:
        if register not in KEPT:
            return
        value &= KEPT[register]
        before, self._registers[register] = self._registers[register], value
        if register in {CONTROL, TIMING} and value != before:
            self._due = None
            if self._registers[CONTROL] == 3 and self._registers[TIMING] & 3 != MANUAL:
                self._begin()

    def _begin(self) -> None:
        time = self._registers[TIMING] & 3
        self._due = self.clock.monotonic() + SECONDS[time] * self.slowness
        strong = (16 if self._registers[TIMING] & 0x10 else 1) / 16 * SECONDS[time] / 0.402
        full = max(self.values["illuminance"], 0) / self._visible() * strong
        shown = (min(round(each), TOPS[time]) for each in (full, full * self.infrared))
        self._result = b"".join(each.to_bytes(2, "little") for each in shown)

    def _visible(self) -> float:
        """Return lx per count of the first photodiode, at 402 ms and gain 16."""
        for n, (ratio, first, second) in enumerate(PACKAGES[self._package]):
            if self.infrared <= ratio:
                return first - second * self.infrared ** (1 if n else 1.4)
        raise ValueError(f"infrared is {self.infrared:g}: the datasheet has no formula")

    def _pass_time(self) -> None:
        if self._due is not None and self.clock.monotonic() >= self._due:
            self._registers[DATA : DATA + 4] = self._result
            self._begin()
