"""ST VL53L0X as its datasheet (DS11555) and ST's API (STSW-IMG005) describe it.

Of the pages of the factory only what the API's setup needs is here: the variable that a start
needs, and the reference photodiodes. Registers without a description hold what is written.
"""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

START, SEQUENCE, RANGE_CONFIG, INTERRUPT, CLEAR = 0x00, 0x01, 0x09, 0x0A, 0x0B
FLAGS, STATUS, MILLIMETRES = 0x13, 0x14, 0x1E
CROSSTALK, OFFSET, LIMIT, EARLY = 0x20, 0x28, 0x44, 0x46
ROUGH, FINE = 0x50, 0x70  # periods of the laser, each followed by a timeout
SPADS, RESET, MODEL, PAGE, STOP = 0xB0, 0xBF, 0xC0, 0xFF, 0x91
START_VARIABLE = 0x3C
GO, REPEAT = 0x01, 0x0E  # bits of the start
NEW = 0x04
REACH = 2.0  # m, of a white target
NOWHERE = 8190  # mm, of a result that is none
VALID, TOO_WEAK, NO_LASER = 11, 4, 1
REFERENCE = {0x6B: 0x85}  # of the factory's memory: five, of those with an aperture


class VL53L0X(PointedRegisters):
    """Measures once after a start, or again and again, in the time that its timeouts give it."""

    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    inputs: ClassVar[Mapping[str, Range]] = {"distance": Range(0.03, 2.0, 0.001)}
    quiet: ClassVar[Mapping[str, float]] = {"distance": 0.8}
    chip_id: ClassVar[int] = 0xEE
    offset: int = 0x0014  # quarters of a mm, from the factory

    def vary(self) -> None:
        """Take another factory's offset."""
        self.offset = 0x0FE8
        self.power_on()

    def power_on(self) -> None:
        """Stand by on the public page, with the factory's values."""
        self._registers = bytearray(256)  # of the public page
        self._pages = {0: self._registers}
        self._page = self._pointer = 0
        self._held = False
        self._due: float | None = None
        first = self._registers
        first[SEQUENCE] = 0xFF
        first[MODEL : MODEL + 3] = self.chip_id, 0xAA, 0x10
        first[OFFSET : OFFSET + 2] = self.offset.to_bytes(2)
        first[SPADS : SPADS + 6] = b"\x0f\xf7\xff\x3d\xff\x0f"
        self._page_of(1)[STOP] = START_VARIABLE

    def read(self, count: int) -> bytes:
        """Give registers of the page from the pointer on; none while it is held in reset."""
        self._pass_time()
        if self._held:
            return bytes(count)
        held = self._page_of(self._page)
        return bytes(held[self._pointer + n & 0xFF] for n in range(count))

    def _page_of(self, number: int) -> bytearray:
        return self._pages.setdefault(number, bytearray(256))

    def _store(self, register: int, value: int) -> None:
        if register == RESET and self._page == 0:
            self.power_on()
            self._held = value == 0
        elif self._held:
            return
        elif register == PAGE:
            self._page = value
        elif self._page:
            self._keep_private(register, value)
        elif not FLAGS <= register <= MILLIMETRES + 1 and register not in range(MODEL, MODEL + 3):
            self._keep(register, value)

    def _keep_private(self, register: int, value: int) -> None:
        held = self._page_of(self._page)
        held[register] = value
        if self._page == 7 and (register, value) == (0x83, 0x00):
            held[0x83], held[0x92] = 0x10, REFERENCE.get(held[0x94], 0)

    def _keep(self, register: int, value: int) -> None:
        held = self._registers
        held[register] = value
        if register == CLEAR:
            held[FLAGS] &= ~0x07
        elif register == START:
            self._due = self._end() if value & (GO | REPEAT) else None

    def _end(self) -> float:
        return self.clock.monotonic() + self._seconds() * self.slowness

    def _seconds(self) -> float:
        """Return the steps' timeouts, each in periods of 2304 pulses of the laser."""
        held = self._registers
        rough, fine = (2304 * 2 * (held[at] + 1) * 1.655e-9 for at in (ROUGH, FINE))
        if not held[SEQUENCE] & 0xC0:
            return 0.002  # a calibration
        early = (held[EARLY] + 1) * rough
        begin = _timeout(held[ROUGH + 1 : ROUGH + 3])
        last = _timeout(held[FINE + 1 : FINE + 3]) - begin
        return 0.00287 + 2 * (early + 0.00069) + begin * rough + 0.00066 + last * fine + 0.00055

    def _pass_time(self) -> None:
        if self._due is None or self.clock.monotonic() < self._due:
            return
        held = self._registers
        repeats = held[START] & REPEAT
        held[START] &= ~GO
        self._due = self._end() if repeats else None
        if self._page_of(1)[STOP] != START_VARIABLE:
            return
        if held[INTERRUPT] == NEW or not held[SEQUENCE] & 0xC0:
            held[FLAGS] |= NEW
        if held[SEQUENCE] & 0xC0:
            status, shown = self._result()
            held[STATUS] = status << 3 | 0x01
            held[MILLIMETRES : MILLIMETRES + 2] = shown.to_bytes(2)

    def _result(self) -> tuple[int, int]:
        """Return status and distance: in mm, or in quarters of it if that is configured."""
        held, metres = self._pages[0], self.values["distance"]
        limit = int.from_bytes(held[LIMIT : LIMIT + 2]) / 128
        if self.worn:
            return NO_LASER, NOWHERE
        if metres > REACH + 0.0005 or limit > 20 / max(metres, 0.01) ** 2:
            return TOO_WEAK, NOWHERE
        moved = _signed(int.from_bytes(held[OFFSET : OFFSET + 2]) & 0x0FFF) - _signed(self.offset)
        covered = int.from_bytes(held[CROSSTALK : CROSSTALK + 2]) / 8
        quarters = max(4000 * metres + moved + covered, 0)
        return VALID, min(round(quarters if held[RANGE_CONFIG] & 1 else quarters / 4), NOWHERE)


def _timeout(code: bytearray) -> int:
    return (code[1] << min(code[0], 24)) + 1


def _signed(code: int) -> int:
    return code - 0x1000 if code & 0x800 else code
