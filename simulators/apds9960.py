"""Avago APDS-9960 as its datasheet (AV02-4191EN) describes it, without gestures.

Its colours are what each photodiode counts per ms at gain 1; its proximity is the share of full
scale with 8 pulses of 16 µs, a gain of 4 and 100 mA.
"""

from collections.abc import Collection, Mapping
from typing import ClassVar

from simulators.base.registers import PointedRegisters
from simulators.model import Range

ENABLE, ATIME, PULSES, CONTROL, BOOST, ID, STATUS = 0x80, 0x81, 0x8E, 0x8F, 0x90, 0x92, 0x93
CDATA, PDATA, OFFSETS, MASK, MODE = 0x94, 0x9C, 0x9D, 0x9F, 0xAB
PON, AEN, PEN = 0x01, 0x02, 0x04
AVALID, PVALID, CPSAT = 0x01, 0x02, 0x80
POWER_ON = {ATIME: 0xFF, 0x83: 0xFF, 0x8D: 0x40, PULSES: 0x40, BOOST: 0x01, 0xA6: 0x40}
READ_ONLY = {*range(ID, OFFSETS), 0xAE, 0xAF}
CYCLE, PROXIMITY = 0.00278, 0.006  # s
GAINS = (1, 4, 16, 64)
BOOSTS = (1.0, 1.5, 2.0, 3.0)
ORDER = ("clear", "red", "green", "blue")
STEP = 1 / (37 * 2.78 * 4)


class APDS9960(PointedRegisters):
    """Measures proximity and colour by turns while it is enabled."""

    addresses: ClassVar[tuple[int, ...]] = (0x39,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "clear": Range(0, 90, STEP),
        "red": Range(0, 40, STEP),
        "green": Range(0, 42, STEP),
        "blue": Range(0, 30, STEP),
        "proximity": Range(0, 100, 100 / 255),
    }
    dead: ClassVar[Mapping[str, float]] = dict.fromkeys(ORDER, 0.0)
    quiet: ClassVar[Mapping[str, float]] = {
        "clear": 20.0,
        "red": 9.0,
        "green": 9.0,
        "blue": 6.0,
        "proximity": 5.0,
    }
    chip_id: ClassVar[int] = 0xAB

    def power_on(self) -> None:
        """Sleep."""
        self._registers = bytearray(256)
        for register, value in {**POWER_ON, ID: self.chip_id & 0xFF}.items():
            self._registers[register] = value
        self._pointer = 0
        self._due: float | None = None

    def _given(self, places: Collection[int]) -> None:
        """Clear the flag of data that were read."""
        if not set(places).isdisjoint(range(CDATA, PDATA)):
            self._registers[STATUS] &= ~AVALID
        if PDATA in places:
            self._registers[STATUS] &= ~PVALID

    def _store(self, register: int, value: int) -> None:
        if register < 0x80 or register in READ_ONLY:
            return
        before, self._registers[register] = self._registers[register], value
        if register == ENABLE:
            self._enable(before, value)

    def _enable(self, before: int, after: int) -> None:
        for bit, flags in ((AEN, AVALID | CPSAT), (PEN, PVALID)):
            if after & bit and not before & bit:  # "since it was asserted"
                self._registers[STATUS] &= ~flags
        if not after & PON or not after & (AEN | PEN):
            self._due = None
        elif self._due is None:
            self._begin()

    def _begin(self) -> None:
        seconds = PROXIMITY + (256 - self._registers[ATIME]) * CYCLE
        self._due = self.clock.monotonic() + seconds * self.slowness

    def _pass_time(self) -> None:
        if self._due is None or self.clock.monotonic() < self._due:
            return
        held = self._registers
        if held[ENABLE] & AEN and not held[MODE] & 1:
            self._see()
        if held[ENABLE] & PEN:
            held[PDATA] = self._echo()
            held[STATUS] |= PVALID
        self._begin()

    def _see(self) -> None:
        held, cycles = self._registers, 256 - self._registers[ATIME]
        sensitivity = cycles * CYCLE * 1000 * GAINS[held[CONTROL] & 3]
        most = min(1025 * cycles, 65535)
        counts = [min(max(round(self.felt(each) * sensitivity), 0), most) for each in ORDER]
        held[CDATA:PDATA] = b"".join(count.to_bytes(2, "little") for count in counts)
        held[STATUS] |= AVALID | (CPSAT if counts[0] == most else 0)

    def _echo(self) -> int:
        """Return the proximity: pulses, their length, gain, current and boost strengthen it."""
        held = self._registers
        light: float = ((held[PULSES] & 0x3F) + 1) / 8 * 2.0 ** ((held[PULSES] >> 6) - 2)
        gain: float = 2.0 ** ((held[CONTROL] >> 2 & 3) - 2)
        current = BOOSTS[held[BOOST] >> 4 & 3] / 2 ** (held[CONTROL] >> 6)
        seen = (4 - (held[MASK] & 0x0F).bit_count()) / 4
        offset = sum(_signed(held[OFFSETS + n]) for n in range(2))
        echo: float = self.values["proximity"] / 100 * 255 * light * gain * current * seen
        return min(max(round(echo + offset), 0), 255)


def _signed(code: int) -> int:
    return -(code & 0x7F) if code & 0x80 else code
