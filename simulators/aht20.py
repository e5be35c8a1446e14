"""ASAIR AHT20 as its product manual describes it: three commands, one frame with a status."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

POWER_ON_SECONDS = 0.040
RESET_SECONDS = 0.020
INITIALISE_SECONDS = 0.010
CONVERSION_SECONDS = 0.075
STATUS_BUSY, STATUS_CALIBRATED = 0x80, 0x18  # bit 4 is reserved, and set in every chip seen
TOP = (1 << 20) - 1


class AHT20(I2CModel):
    """Calibrated by the factory; shows its old result, and that it is busy, while it measures."""

    addresses: ClassVar[tuple[int, ...]] = (0x38,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 85, 200 / 2**20),
        "humidity": Range(0, 100, 100 / 2**20),
    }
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    initialise: ClassVar[bytes] = b"\xbe\x08\x00"
    factory_status: ClassVar[int] = STATUS_CALIBRATED
    checksum: ClassVar[bool] = True

    def power_on(self) -> None:
        """Be silent for the start-up time, then hold no result."""
        self._restart(POWER_ON_SECONDS)

    def _restart(self, seconds: float) -> None:
        self._awake_at = self._busy_until = self.clock.monotonic() + seconds
        self._status = self.factory_status
        self._result = self._next = bytes(5)

    def write(self, data: bytes) -> None:
        """Take a command; what it does not know it does not acknowledge."""
        self._awake()
        if not data or data == b"\x71":  # addressed only, or the status asked for
            return
        if data == b"\xba":
            self._restart(RESET_SECONDS)
        elif data == self.initialise:
            self._status |= STATUS_CALIBRATED
            self._busy_until = self.clock.monotonic() + INITIALISE_SECONDS
        elif data == b"\xac\x33\x00":
            self._measure()
        else:
            raise Nack

    def read(self, count: int) -> bytes:
        """Give the status, the codes, and the checksum."""
        self._awake()
        busy = self.clock.monotonic() < self._busy_until
        if not busy:
            self._result = self._next
        frame = bytes([self._status | STATUS_BUSY * busy]) + self._result
        if self.checksum:
            frame += bytes([crc(frame)])
        return frame[:count].ljust(count, b"\xff")

    def _awake(self) -> None:
        if self.clock.monotonic() < self._awake_at:
            raise Nack

    def _measure(self) -> None:
        self._busy_until = self.clock.monotonic() + CONVERSION_SECONDS * self.slowness
        humidity = _code(self.values["humidity"] / 100)
        temperature = _code((self.values["temperature"] + 50) / 200)
        self._next = (humidity << 20 | temperature).to_bytes(5, "big")


def crc(frame: bytes) -> int:
    """CRC-8 with polynomial x8 + x5 + x4 + 1, initially 0xFF, as the remainder of a division."""
    size = 8 * len(frame)
    remainder = int.from_bytes(frame, "big") << 8 ^ 0xFF << size
    for n in range(size - 1, -1, -1):
        if remainder >> n + 8 & 1:
            remainder ^= 0x131 << n
    return remainder


def _code(share: float) -> int:
    return min(max(round(share * 2**20), 0), TOP)
