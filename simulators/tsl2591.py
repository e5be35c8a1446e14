"""ams TSL2591 as its datasheet describes it (v2-04): commands, registers, two photodiodes."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

ENABLE, CONTROL, ID, STATUS, DATA = 0x00, 0x01, 0x12, 0x13, 0x14
POWERED, MEASURING = 0x01, 0x02  # bits of ENABLE
RESET = 0x80  # bit of CONTROL
VALID = 0x01  # bit of STATUS
WRITABLE = {ENABLE, CONTROL, *range(0x04, 0x0D)}
GAINS = (1, 25, 428, 9876)  # AGAIN
LUX_MILLISECONDS = 408.0  # per count at gain 1, without infrared
INFRARED = 34.9 / 264.1  # the second photodiode's share of white light, operating characteristics


class TSL2591(PointedRegisters):
    """Integrates continuously while it is enabled; `infrared` is the light's share of it."""

    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    inputs: ClassVar[Mapping[str, Range]] = {"illuminance": Range(0, 88_000, 8.16)}
    dead: ClassVar[Mapping[str, float]] = {"illuminance": 0}
    quiet: ClassVar[Mapping[str, float]] = {"illuminance": 300.0}
    chip_id: ClassVar[int] = 0x50
    infrared: float = INFRARED

    def power_on(self) -> None:
        """Sleep, with every register at zero."""
        self._registers = bytearray(32)
        self._registers[ID] = self.chip_id
        self._pointer = 0
        self._ready_at = 0.0
        self._result: bytes | None = None

    def _register_of(self, first: int) -> int | None:
        """Take a normal command; others move nothing."""
        return first & 0x1F if first >> 5 == 0b101 else None

    def _store(self, register: int, value: int) -> None:
        if register == CONTROL and value & RESET:
            self.power_on()
        elif register in WRITABLE:
            before, self._registers[register] = self._registers[register], value
            if register == ENABLE:
                self._enable(before, value)

    def _enable(self, before: int, after: int) -> None:
        both = POWERED | MEASURING
        if after & both != both:
            self._result = None
        elif before & both != both:
            self._registers[STATUS] &= ~VALID  # "since the AEN bit was asserted"
            self._begin()

    def _begin(self) -> None:
        steps = min(self._registers[CONTROL] & 7, 5) + 1
        gain = GAINS[self._registers[CONTROL] >> 4 & 3]
        self._ready_at = self.clock.monotonic() + 0.1 * steps * self.slowness
        counts = self._full(gain * steps * 100)
        top = 0x8FFF if steps == 1 else 0xFFFF
        shown = (min(round(counts), top), min(round(counts * self.infrared), top))
        self._result = b"".join(count.to_bytes(2, "little") for count in shown)

    def _full(self, sensitivity: float) -> float:
        """Return the first photodiode's counts: the eye sees neither infrared nor what it hides."""
        lux = max(self.felt("illuminance"), 0)
        return lux * sensitivity / LUX_MILLISECONDS / (1 - self.infrared) ** 2

    def _pass_time(self) -> None:
        if self._result is None or self.clock.monotonic() < self._ready_at:
            return
        self._registers[DATA : DATA + 4] = self._result
        self._registers[STATUS] |= VALID
        self._begin()
