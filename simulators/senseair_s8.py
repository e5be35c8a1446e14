"""Senseair S8 as its Modbus description has it (revision P01), at the address of any sensor."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.serial import SerialModel

CYCLE = 4.0  # seconds from result to result: 2 in some
ANSWER_SECONDS = 0.02
READ_HELD, READ_INPUT, WRITE = 3, 4, 6
ACKNOWLEDGED, COMMAND, PERIOD = 0, 1, 31
CALIBRATE, CALIBRATED = 0x7C06, 0x20
SELF_DIAGNOSTICS, OUT_OF_RANGE = 0x10, 0x20
MOST = 10_000


class SenseairS8(SerialModel):
    """Measures every 4 s; keeps its period and its zero point without power."""

    inputs: ClassVar[Mapping[str, Range]] = {"carbon_dioxide": Range(1, MOST, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"carbon_dioxide": 650.0}

    def __init__(self, clock: SimulatedClock) -> None:
        self.period = 180  # hours
        self.written = 0  # times that its memory was
        self.correction = 0  # ppm
        super().__init__(clock)

    def power_on(self) -> None:
        """Begin to measure, with no result yet."""
        self.status = self.acknowledged = 0
        self._began = self.clock.monotonic()
        self._due: list[tuple[float, bytes]] = []
        self._calibrated_at = float("inf")

    def receive(self, data: bytes) -> None:
        """Take a request; one with a wrong checksum is ignored."""
        if len(data) != 8 or data[0] != 0xFE or data[-2:] != crc(data[:-2]):
            return
        self._settle()
        code, register, word = data[1], int.from_bytes(data[2:4]), int.from_bytes(data[4:6])
        body = data[1:6]
        if code == WRITE:
            self._write(register, word)
        elif code in {READ_HELD, READ_INPUT}:
            words = self._inputs() if code == READ_INPUT else [self._held(register)]
            wanted = words[register:] if code == READ_INPUT else words
            said = b"".join(each.to_bytes(2) for each in wanted[:word])
            body = bytes([code, len(said)]) + said
        frame = b"\xfe" + body
        at = self.clock.monotonic() + ANSWER_SECONDS * self.slowness
        self._due.append((at, frame + crc(frame)))

    def send(self) -> bytes:
        """Return the answers that are due."""
        now = self.clock.monotonic()
        ready = [frame for at, frame in self._due if at <= now]
        self._due = [one for one in self._due if one[0] > now]
        return b"".join(ready)

    def _inputs(self) -> list[int]:
        """Return status, alarms, outputs and concentration."""
        ppm = round(self.values["carbon_dioxide"]) + self.correction
        status = self.status | (SELF_DIAGNOSTICS if self.worn else 0)
        status |= 0 if 0 <= ppm <= MOST else OUT_OF_RANGE
        if self.clock.monotonic() - self._began < CYCLE:
            return [status, 0, 0, 0]
        return [status, 0, 0, min(max(ppm, 0), MOST)]

    def _held(self, register: int) -> int:
        return {ACKNOWLEDGED: self.acknowledged, PERIOD: self.period}.get(register, 0)

    def _write(self, register: int, word: int) -> None:
        if register == ACKNOWLEDGED:
            self.acknowledged = word
        elif register == PERIOD:
            self.period = word
            self.written += 1
        elif register == COMMAND and word == CALIBRATE:
            self._calibrated_at = self.clock.monotonic() + CYCLE

    def _settle(self) -> None:
        """End a calibration whose time is over."""
        if self.clock.monotonic() >= self._calibrated_at:
            self._calibrated_at = float("inf")
            self.correction = 400 - round(self.values["carbon_dioxide"])
            self.acknowledged |= CALIBRATED


def crc(data: bytes) -> bytes:
    """Return the CRC-16 of Modbus, low byte first, bit by bit."""
    register = 0xFFFF
    for n in range(8 * len(data)):
        bit = data[n // 8] >> n % 8 & 1
        out = register & 1 ^ bit
        register >>= 1
        if out:
            register ^= 0xA001
    return register.to_bytes(2, "little")
