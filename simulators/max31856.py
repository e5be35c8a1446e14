"""Maxim MAX31856 as its datasheet describes it (19-7534 rev 0): sixteen registers and an ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.spi import SPIModel

CR0, CR1, OFFSET, COLD, HOT, STATUS = 0x00, 0x01, 0x09, 0x0A, 0x0C, 0x0F
POWER_ON = bytes.fromhex("00 03 ff 7f c0 7f ff 80 00 00 00 00 00 00 00 00")  # table 6
AUTO, ONE_SHOT, DETECTION, FIFTY = 0x80, 0x40, 0x30, 0x01
COLD_RANGE, HOT_RANGE, OPEN = 0x80, 0x40, 0x01
RANGES = (  # B E J K N R S T
    *((250, 1820), (-200, 1000), (-210, 1200), (-200, 1372)),
    *((-200, 1300), (-50, 1768), (-50, 1768), (-200, 400)),
)
DETECTIONS = {0x00: 0.0, 0x10: 0.040, 0x20: 0.060, 0x30: 0.140}  # seconds, typical


class MAX31856(SPIModel):
    """Converts on command, or continuously; its 1-shot bit stays until it has."""

    modes: ClassVar[tuple[int, ...]] = (1, 3)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-200, 1372, 1 / 128),  # of type K
        "internal": Range(-55, 125, 1 / 64),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 180.0, "internal": 24.0}

    def __init__(self, clock: SimulatedClock) -> None:
        self.faults = 0  # what is wrong with the thermocouple: bits of the fault status
        super().__init__(clock)

    def power_on(self) -> None:
        """Wait with power-on values."""
        self._registers = bytearray(POWER_ON)
        self._ready_at: float | None = None

    def transfer(self, data: bytes) -> bytes:
        """Take an address, then write or read from there on."""
        self._finish()
        if not data:
            return b""
        begin, count = data[0] & 0x7F, len(data) - 1
        if data[0] & 0x80:
            for n, byte in enumerate(data[1:]):
                self._write(begin + n, byte)
            return bytes(len(data))
        return b"\x00" + bytes(
            self._registers[begin + n] if begin + n < len(self._registers) else 0
            for n in range(count)
        )

    def _write(self, place: int, byte: int) -> None:
        if place > COLD + 1:
            return
        self._registers[place] = byte
        if place == CR0:
            self._registers[CR0] &= ~0x02  # it clears faults, and reads 0
        if place == CR0 and byte & (ONE_SHOT | AUTO):
            self._ready_at = self.clock.monotonic() + self._seconds() * self.slowness

    def _seconds(self) -> float:
        config = self._registers[CR0]
        one, more = (0.169, 0.040) if config & FIFTY else (0.143, 1 / 30)
        samples = min(1 << (self._registers[CR1] >> 4 & 7), 16)
        return one + more * (samples - 1) + DETECTIONS[config & DETECTION]

    def _finish(self) -> None:
        """Show a result that is ready."""
        if self._ready_at is None or self.clock.monotonic() < self._ready_at:
            return
        self._registers[CR0] &= ~ONE_SHOT
        again = self._registers[CR0] & AUTO
        self._ready_at = self.clock.monotonic() + self._seconds() * self.slowness if again else None
        internal, cold_range = _clipped(self.values["internal"], -55, 125)
        low, high = RANGES[self._registers[CR1] & 7]
        hot, hot_range = _clipped(self.values["temperature"], low, high)
        self._registers[COLD:HOT] = (round(internal * 64) << 2 & 0xFFFF).to_bytes(2)
        self._registers[HOT:STATUS] = (round(hot * 128) << 5 & 0xFFFFFF).to_bytes(3)
        found = self.faults if self._registers[CR0] & DETECTION else self.faults & ~OPEN
        found |= (COLD_RANGE if cold_range else 0) | (HOT_RANGE if hot_range else 0)
        self._registers[STATUS] = found


def _clipped(value: float, low: float, high: float) -> tuple[float, bool]:
    """Return a value at most at an end, and whether it was beyond."""
    held = min(max(value, low), high)
    return held, held != value
