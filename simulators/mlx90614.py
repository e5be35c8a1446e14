"""Melexis MLX90614 as its datasheet describes it (3901090614 rev 13): words with an SMBus PEC."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Nack, Range

AMBIENT, OBJECT, FLAGS, EEPROM = 0x06, 0x07, 0xF0, 0x20
EMISSIVITY, OWN_ADDRESS = 0x04, 0x0E  # cells of the EEPROM
STARTED = 0x0010
START_SECONDS, VALID_SECONDS, PERIOD = 0.02, 0.25, 0.1
KELVIN = 273.15


class MLX90614(I2CModel):
    """Measures continuously what a surface of `emissivity` radiates; its EEPROM keeps its own."""

    addresses: ClassVar[tuple[int, ...]] = (0x5A, 0x5B, 0x5C, 0x5D)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-70.01, 380.01, 0.02),
        "ambient": Range(-39.99, 125.01, 0.02),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "ambient": 22.0}
    meddling: ClassVar[Sequence[bytes]] = (b"\x24\xff\x7f\x85",)  # an emissivity of 0.5
    address = 0x5A
    emissivity: float = 1.0

    def __init__(self, clock: SimulatedClock) -> None:
        self._cells = dict.fromkeys(range(32), 0x1234) | {EMISSIVITY: 0xFFFF}
        super().__init__(clock)

    def power_on(self) -> None:
        """Start; no result is valid for a quarter of a second."""
        now = self.clock.monotonic()
        self._pointer = 0
        self._started_at = now + START_SECONDS * self.slowness
        self._due = now + VALID_SECONDS * self.slowness
        self._ram = {AMBIENT: 0, OBJECT: 0}
        self._sampled: Mapping[str, float] = self.values

    def write(self, data: bytes) -> None:
        """Take a command, or a word of the EEPROM if its checksum is right."""
        self._pass_time()
        if data:
            self._pointer = data[0]
        cell = self._pointer - EEPROM
        if len(data) == 4 and cell in self._cells:
            if pec(bytes([self.address << 1]) + data[:3]) != data[3]:
                raise Nack
            self._cells[cell] = int.from_bytes(data[1:3], "little")

    def read(self, count: int) -> bytes:
        """Give the word that was asked for, and the checksum of the whole transfer."""
        self._pass_time()
        frame = self._word().to_bytes(2, "little")
        head = bytes([self.address << 1, self._pointer, self.address << 1 | 1])
        return (frame + bytes([pec(head + frame)]))[:count].ljust(count, b"\xff")

    def _word(self) -> int:
        if self._pointer == FLAGS:
            return STARTED * (self.clock.monotonic() >= self._started_at)
        if self._pointer == EEPROM + OWN_ADDRESS:
            return 0xBE00 | self.address
        return self._ram.get(self._pointer, self._cells.get(self._pointer - EEPROM, 0))

    def _pass_time(self) -> None:
        """Show what is ready; what was not read for long has been measured again since."""
        late = self.clock.monotonic() - self._due
        if late < 0:
            return
        period = PERIOD * self.slowness
        felt = self.values if late >= period else self._sampled
        self._ram = {AMBIENT: word(felt["ambient"]), OBJECT: word(self._shown(felt))}
        self._sampled = dict(self.values)
        self._due = self.clock.monotonic() - late % period + period

    def _shown(self, felt: Mapping[str, float]) -> float:
        """Return °C as the chip computes it from the radiation, with its own emissivity."""
        believed = (self._cells[EMISSIVITY] + 1) / 65536
        ambient, surface = (max(felt[each] + KELVIN, 0) ** 4 for each in ("ambient", "temperature"))
        shown = (surface - ambient) * self.emissivity / believed + ambient
        return float(max(shown, 0) ** 0.25 - KELVIN)


def word(celsius: float) -> int:
    """Return a temperature in steps of 0.02 K; the error flag if it is beyond what fits."""
    steps = round((celsius + KELVIN) / 0.02)
    return steps if 0 <= steps < 0x8000 else 0x8000


def pec(data: bytes) -> int:
    """Return the remainder of division by x8 + x2 + x + 1."""
    return reduce(_shifted, data, 0)


def _shifted(crc: int, byte: int) -> int:
    value = (crc ^ byte) << 8
    for place in range(15, 7, -1):
        if value >> place & 1:
            value ^= 0x107 << place - 8
    return value
