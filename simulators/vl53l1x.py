"""ST VL53L1X as its datasheet (DS12385) and ST's API (STSW-IMG009) describe it.

Registers have numbers of 16 bits. Those without a description hold what is written.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.model import I2CModel, Range

RESET, CROSSTALK, OFFSET = 0x000, 0x016, 0x01E
POLARITY, FLAG, INTERRUPT, PHASE, FIRST = 0x030, 0x031, 0x046, 0x04B, 0x05E
INTERVAL, CLEAR, START = 0x06C, 0x086, 0x087
STATUS, STREAM, MILLIMETRES, OSCILLATOR, BOOTED, MODEL = 0x089, 0x08B, 0x096, 0x0DE, 0x0E5, 0x10F
SIZE = 0x300
READ_ONLY = {FLAG, *range(0x088, 0x100), *range(MODEL, MODEL + 4)}
LOW, NEW_SAMPLE, TIMED, ONCE = 0x10, 0x20, 0x40, 0x10
TICKS = 0x0122  # of the slow oscillator in a ms, but for a factor of 1.075
SECONDS = {  # of a distance, by its first timeout, in either mode
    **dict.fromkeys((0x0051, 0x001E), 0.020),
    **dict.fromkeys((0x00D6, 0x0060), 0.033),
    **dict.fromkeys((0x01AE, 0x00AD), 0.050),
    **dict.fromkeys((0x02E1, 0x01CC), 0.100),
    **dict.fromkeys((0x03E1, 0x02D9), 0.200),
    **dict.fromkeys((0x0591, 0x048F), 0.500),
}
REACH = {0x14: 1.36, 0x0A: 4.0}  # m, by what the phase's calibration gets
VALID, TOO_WEAK, WRAPPED, UNCHECKED, NO_LASER = 9, 4, 7, 19, 3
ALIAS = 6.0  # m: an echo from beyond is taken for one of the next pulse


class VL53L1X(I2CModel):
    """Measures once or repeatedly; its first distance may be an alias."""

    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    inputs: ClassVar[Mapping[str, Range]] = {"distance": Range(0.04, 4.0, 0.001)}
    quiet: ClassVar[Mapping[str, float]] = {"distance": 1.2}
    chip_id: ClassVar[int] = 0xEA
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        b"\x00\x1e\x00\x50",
        b"\x00\x16\x04\x00",
        b"\x00\x87\x40",
        b"\x00\x87\x10",
        b"\x00\x4b\x14",
        b"\x00\x46\x00",
        b"\x00\x30\x11",
        b"\x00\x00\x00",
        b"\x00\x6c\x00\x00\x00\x00",
        b"\x00\x5e\x05\x91",
    )
    offset: int = 0x0010  # quarters of a mm, from the factory

    def vary(self) -> None:
        """Take another factory's offset."""
        self.offset = 0x1FE4
        self.power_on()

    def power_on(self) -> None:
        """Stand by, with the factory's values."""
        self._registers = bytearray(SIZE)
        held = self._registers
        held[RESET], held[BOOTED], held[POLARITY], held[FLAG] = 0x01, 0x03, LOW, 0x01
        held[MODEL : MODEL + 3] = self.chip_id, 0xCC, 0x10
        self._put(OFFSET, self.offset)
        self._put(OSCILLATOR, TICKS)
        self._pointer = 0
        self._due: float | None = None

    def write(self, data: bytes) -> None:
        """Move the pointer, and write the registers from there on."""
        self._finish()
        if len(data) < 2:
            return
        self._pointer = int.from_bytes(data[:2])
        for offset, value in enumerate(data[2:]):
            self._store((self._pointer + offset) % SIZE, value)

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; none while it is held in reset."""
        self._finish()
        if not self._registers[RESET]:
            return bytes(count)
        return bytes(self._registers[(self._pointer + n) % SIZE] for n in range(count))

    def _put(self, register: int, word: int) -> None:
        self._registers[register : register + 2] = word.to_bytes(2)

    def _word(self, register: int) -> int:
        return int.from_bytes(self._registers[register : register + 2])

    def _store(self, register: int, value: int) -> None:
        if register == RESET:
            self.power_on()
        elif register in READ_ONLY or not self._registers[RESET]:
            return
        self._registers[register] = value
        if register in {CLEAR, POLARITY}:
            self._flag(new=False)
        elif register == START:
            self._count = 0
            self._due = self._after(self._seconds()) if value & (TIMED | ONCE) else None

    def _flag(self, *, new: bool) -> None:
        low = bool(self._registers[POLARITY] & LOW)
        self._registers[FLAG] = self._registers[FLAG] & ~1 | (new ^ low)

    def _after(self, seconds: float) -> float:
        return self.clock.monotonic() + seconds * self.slowness

    def _seconds(self) -> float:
        return SECONDS.get(self._word(FIRST), 0.1)

    def _finish(self) -> None:
        held = self._registers
        while self._due is not None and self.clock.monotonic() >= self._due:
            status, shown = self._result()
            held[STATUS], held[STREAM] = status, self._count & 0xFF
            self._put(MILLIMETRES, shown)
            if held[INTERRUPT] == NEW_SAMPLE:
                self._flag(new=True)
            self._count += 1
            self._due = self._due + self._interval() if held[START] & TIMED else None

    def _interval(self) -> float:
        ticks = int.from_bytes(self._registers[INTERVAL : INTERVAL + 4])
        return max(ticks / TICKS / 1075, self._seconds()) * self.slowness

    def _result(self) -> tuple[int, int]:
        """Return status and distance in mm."""
        metres, reach = self.values["distance"], REACH.get(self._registers[PHASE], 0.5)
        if self.worn:
            return NO_LASER, 0
        if metres > ALIAS:
            return (WRAPPED if self._count else VALID), round((metres - ALIAS) * 1000) & 0x7FFF
        if metres > reach + 0.0005:
            return TOO_WEAK, round(metres * 1000)
        moved = (self._word(OFFSET) - self.offset) / 4 + self._word(CROSSTALK) / 8
        return VALID, min(max(round(metres * 1000 + moved), 0), 0xFFFF)
