"""Texas Instruments HDC1008 as its datasheet describes it (SNAS649A)."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

TEMPERATURE, HUMIDITY, CONFIGURATION = 0x00, 0x01, 0x02
IDS = {0xFB: 0x0123, 0xFC: 0x4567, 0xFD: 0x8900, 0xFE: 0x5449}
RESET, BOTH = 0x8000, 0x1000
CONVERSIONS = (0.00635, 0.0065)  # seconds: temperature, humidity, 14 bits each


class HDC1008(I2CModel):
    """A pointer at a result starts a conversion; until it is over, no read is acknowledged."""

    addresses: ClassVar[tuple[int, ...]] = (0x40, 0x41, 0x42, 0x43)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 165 / 2**14),
        "humidity": Range(0, 100, 100 / 2**14),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}
    chip_id: ClassVar[int] = 0x1000

    def power_on(self) -> None:
        """Measure both in sequence (register 0x02 is 0x1000)."""
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
            self._configuration = BOTH if value & RESET else value & 0x3700

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
        codes = [
            _code((self.values["temperature"] + 40) / 165),
            _code(self.values["humidity"] / 100),
        ]
        both = self._configuration & BOTH and self._pointer == TEMPERATURE
        wanted = codes if both else [codes[self._pointer]]
        self._result = b"".join(code.to_bytes(2) for code in wanted)
        self._due = self.clock.monotonic() + sum(CONVERSIONS[: len(wanted)]) * self.slowness


def _code(share: float) -> int:
    return min(max(round(share * 2**14), 0), 2**14 - 1) << 2
