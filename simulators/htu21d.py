"""TE HTU21D as its datasheet describes it (HPC199_6): commands in, results with status and CRC."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

RESET_SECONDS = 0.005
HEATER = 0x04  # °C and % are those of the heated chip then
HEATED = 1.5  # °C
TEMPERATURE, HUMIDITY = (0xF3, 0xE3), (0xF5, 0xE5)  # no hold, hold master
STEPS = {0x00: (14, 12), 0x01: (12, 8), 0x80: (13, 10), 0x81: (11, 11)}  # bits by resolution


class HTU21D(I2CModel):
    """Acknowledges nothing while it converts, and no read without a result."""

    addresses: ClassVar[tuple[int, ...]] = (0x40,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 175.72 / 2**14),
        "humidity": Range(0, 100, 125 / 2**12),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    default_user: ClassVar[int] = 0x02
    seconds: ClassVar[tuple[float, float]] = (0.044, 0.014)  # typical: temperature, humidity
    keeps_heater: ClassVar[bool] = True
    coefficient: ClassVar[float] = 0.15  # % per °C above 25 (page 3)
    electronic_id: tuple[int, ...] = (0x00, 0x32, 0x48, 0x54)

    def power_on(self) -> None:
        """Forget everything."""
        self._user = self.default_user
        self._silent(0.0)

    def _silent(self, seconds: float, answer: bytes = b"") -> None:
        self._ready_at = self.clock.monotonic() + seconds
        self._answer = answer

    def write(self, data: bytes) -> None:
        """Take a command."""
        if self.clock.monotonic() < self._ready_at:
            raise Nack
        if data:
            self._command(data)

    def read(self, count: int) -> bytes:
        """Give an answer once."""
        if self.clock.monotonic() < self._ready_at or not self._answer:
            raise Nack
        answer, self._answer = self._answer, b""
        return answer[:count].ljust(count, b"\xff")

    def _command(self, data: bytes) -> None:
        code = data[0]
        if code in TEMPERATURE or code in HUMIDITY:
            self._convert(code)
        elif code == 0xFE:
            kept = self._user & HEATER if self.keeps_heater else 0
            self._user = self.default_user | kept
            self._silent(RESET_SECONDS)
        elif code == 0xE6:
            self._user = data[1] if len(data) > 1 else self._user
            self._answer = b""
        elif code == 0xE7:
            self._answer = bytes([self._user])
        elif data == b"\xfc\xc9":
            a, b, c, d = self.electronic_id
            self._answer = with_crc(bytes([a, b])) + with_crc(bytes([c, d]))
        else:
            raise Nack

    def _lost(self) -> float:
        """Return by how many % its element shows too little, or too much where it is cold."""
        return self.coefficient * (min(max(self.values["temperature"], 0), 80) - 25)

    def _convert(self, code: int) -> None:
        warmer = HEATED if self._user & HEATER else 0.0
        bits = STEPS[self._user & 0x81]
        if code in TEMPERATURE:
            share, which, status = (self.values["temperature"] + warmer + 46.85) / 175.72, 0, 0
        else:
            dry = self.values["humidity"] - warmer - self._lost()
            share, which, status = (dry + 6) / 125, 1, 2
        step = 1 << 16 - bits[which]
        top = 65536 - step
        ticks = min(max(round(share * 65536 / step) * step, 0), top) | status
        hold = code in {TEMPERATURE[1], HUMIDITY[1]}  # the clock is stretched meanwhile
        seconds = 0.0 if hold else self.seconds[which] * self.slowness
        self._silent(seconds, with_crc(ticks.to_bytes(2, "big")))


class SHT21(HTU21D):
    """Sensirion SHT21 (datasheet version 4): it compensates for the temperature itself."""

    coefficient: ClassVar[float] = 0.0
    electronic_id = (0x10, 0x26, 0x00, 0x01)


def with_crc(data: bytes) -> bytes:
    """Append the CRC-8 with polynomial x8 + x5 + x4 + 1, initially 0: a division's remainder."""
    remainder = int.from_bytes(data, "big") << 8
    for n in range(remainder.bit_length() - 1, 7, -1):
        if remainder >> n & 1:
            remainder ^= 0x131 << n - 8
    return data + bytes([remainder])
