"""Texas Instruments HDC1080 as its datasheet describes it (SNAS672A)."""

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from simulators.model import I2CModel, Nack, Range

TEMPERATURE, HUMIDITY, CONFIGURATION = 0x00, 0x01, 0x02
IDS = {0xFB: 0x0123, 0xFC: 0x4567, 0xFD: 0x8900, 0xFE: 0x5449}
RESET, BOTH, WRITABLE = 0x8000, 0x1000, 0x3700


class Conversion(NamedTuple):
    """How many bits a conversion has, and how long it takes."""

    bits: int
    seconds: float


# By the fields of the configuration: TRES, HRES
TEMPERATURES = (Conversion(14, 0.00635), Conversion(11, 0.00365))
HUMIDITIES = (
    Conversion(14, 0.0065),
    Conversion(11, 0.00385),
    Conversion(8, 0.0025),
    Conversion(8, 0.0025),
)


class HDC1080(I2CModel):
    """A pointer at a result starts a conversion; until it is over, no read is acknowledged."""

    addresses: ClassVar[tuple[int, ...]] = (0x40,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 165 / 2**14),
        "humidity": Range(0, 100, 100 / 2**14),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}
    chip_id: ClassVar[int] = 0x1050

    def power_on(self) -> None:
        """Measure both in sequence, with 14 bits."""
        self._configuration = BOTH
        self._pointer = TEMPERATURE
        self._result: bytes | None = None
        self._due = 0.0

    def write(self, data: bytes) -> None:
        """Move the pointer, which may start a conversion, or write the configuration."""
        if data:
            self._pointer = data[0]
        if len(data) == 1 and self._pointer in {TEMPERATURE, HUMIDITY}:
            self._convert()
        if len(data) == 3 and self._pointer == CONFIGURATION:
            value = int.from_bytes(data[1:])
            self._configuration = BOTH if value & RESET else value & WRITABLE

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; a result only once, and in its own time."""
        if self._pointer in {TEMPERATURE, HUMIDITY}:
            if self._result is None or self.clock.monotonic() < self._due:
                raise Nack
            frame, self._result = self._result, None
        else:
            fixed = {**IDS, 0xFF: self.chip_id, CONFIGURATION: self._configuration}
            frame = fixed.get(self._pointer, 0xFFFF).to_bytes(2)
        return frame[:count].ljust(count, b"\xff")

    def _convert(self) -> None:
        held = self._configuration
        settings: list[Conversion] = [TEMPERATURES[held >> 10 & 1], HUMIDITIES[held >> 8 & 3]]
        shares = ((self.values["temperature"] + 40) / 165, self.values["humidity"] / 100)
        codes = [_code(share, one.bits) for share, one in zip(shares, settings, strict=True)]
        both = held & BOTH and self._pointer == TEMPERATURE
        wanted = slice(0, 2) if both else slice(self._pointer, self._pointer + 1)
        self._result = b"".join(code.to_bytes(2) for code in codes[wanted])
        seconds = sum(one.seconds for one in settings[wanted])
        self._due = self.clock.monotonic() + seconds * self.slowness


def _code(share: float, bits: int) -> int:
    steps = 1 << bits
    return min(max(round(share * steps), 0), steps - 1) << 16 - bits
