"""Maxim MAX31865 as its datasheet describes it (19-6478 rev 3): eight registers and an ADC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.spi import SPIModel

CONFIG, RESULT, HIGH, LOW, STATUS = 0, 1, 3, 5, 7
WRITABLE = (CONFIG, HIGH, HIGH + 1, LOW, LOW + 1)
POWER_ON = bytes.fromhex("000000ffff000000")  # table 1
BIAS, AUTO, ONE_SHOT, DETECT, CLEAR, FIFTY = 0x80, 0x40, 0x20, 0x04, 0x02, 0x01
CYCLE = 0x0C
ABOVE, BELOW, WIRES, VOLTAGE = 0x80, 0x40, 0x38, 0x04
DETECTION = 0.00055
TOP = 32767


class MAX31865(SPIModel):
    """Compares a platinum element with a resistor, on command or continuously."""

    modes: ClassVar[tuple[int, ...]] = (1, 3)
    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-200, 850, 0.042)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 65.0}

    def __init__(
        self, clock: SimulatedClock, reference: float = 400.0, nominal: float = 100.0
    ) -> None:
        """Take the ohms of the reference resistor, and of the element at 0 °C."""
        self._ohms = reference
        self._nominal = nominal
        self.faults = 0  # what a look at the wires finds: bits of the fault status
        super().__init__(clock)

    def power_on(self) -> None:
        """Wait with power-on values."""
        self._registers = bytearray(POWER_ON)
        self._code: int | None = None
        self._ready_at = self._detected_at = 0.0

    def transfer(self, data: bytes) -> bytes:
        """Take an address, then write or read from there on (figure 8)."""
        self._finish()
        if not data:
            return b""
        begin, count = data[0] & 0x7F, len(data) - 1
        if not data[0] & 0x80:
            return b"\x00" + bytes(self._register(begin + n & 0x7F) for n in range(count))
        written = {begin + n & 0x7F: byte for n, byte in enumerate(data[1:])}
        for place in WRITABLE:
            self._registers[place] = written.get(place, self._registers[place])
        if CONFIG in written:
            self._configure(written[CONFIG])
        return bytes(len(data))

    def _register(self, place: int) -> int:
        if place >= len(self._registers):
            return 0xFF
        fault = place == RESULT + 1 and self._registers[STATUS] != 0
        return self._registers[place] | fault

    def _configure(self, written: int) -> None:
        """Begin what is asked for as the chip is deselected; 1-shot and clear read 0."""
        self._registers[CONFIG] = written & ~(ONE_SHOT | CLEAR)
        now = self.clock.monotonic()
        if written & CLEAR and not written & (ONE_SHOT | CYCLE):
            self._registers[STATUS] = 0
        if written & CYCLE == DETECT:
            self._detected_at = now + DETECTION * self.slowness
        if written & (ONE_SHOT | AUTO):
            self._begin(now)

    def _begin(self, now: float) -> None:
        config = self._registers[CONFIG]
        one, on = (0.0625, 0.02) if config & FIFTY else (0.052, 1 / 60)
        self._ready_at = now + (on if config & AUTO else one) * self.slowness
        ohms = resistance(self.values["temperature"]) * self._nominal if config & BIAS else 0.0
        self._code = min(round(ohms / self._ohms * 32768), TOP)

    def _finish(self) -> None:
        """Show what is ready."""
        now = self.clock.monotonic()
        self._registers[STATUS] |= self.faults & VOLTAGE
        if self._registers[CONFIG] & CYCLE == DETECT and now >= self._detected_at:
            self._registers[CONFIG] &= ~CYCLE
            self._registers[STATUS] |= self.faults & WIRES
        if self._code is None or now < self._ready_at:
            return
        self._compare(self._code << 1)
        self._code = None
        if self._registers[CONFIG] & AUTO:
            self._begin(now)

    def _compare(self, result: int) -> None:
        """Store a result, and what the thresholds say of it."""
        high, low = (int.from_bytes(self._registers[n : n + 2]) & ~1 for n in (HIGH, LOW))
        self._registers[RESULT:HIGH] = result.to_bytes(2)
        above, below = result >= high, result <= low
        self._registers[STATUS] |= (ABOVE if above else 0) | (BELOW if below else 0)


def resistance(celsius: float) -> float:
    """Return a platinum element's resistance, by that at 0 °C (IEC 60751)."""
    ratio = 1 + 3.9083e-3 * celsius - 5.775e-7 * celsius**2
    below = 4.183e-12 * (celsius - 100) * celsius**3 if celsius < 0 else 0.0
    return max(ratio - below, 0.0)
