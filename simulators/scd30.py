"""Sensirion SCD30 as its interface description has it (version 1.0): it measures by itself."""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Nack, Range
from simulators.sht4x import crc

START, STOP, INTERVAL, READY, RESULT, FIRMWARE = 0x0010, 0x0104, 0x4600, 0x0202, 0x0300, 0xD100
VERSION = 0x0342
ANSWER = 0.003  # between a command and the read of its answer


class SCD30(I2CModel):
    """Holds its newest measurement; keeps its interval, and whether it measures, without power."""

    addresses: ClassVar[tuple[int, ...]] = (0x61,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "carbon_dioxide": Range(0, 40_000, 1),
        "temperature": Range(-40, 70, 0.01),
        "humidity": Range(0, 100, 0.01),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        "carbon_dioxide": 650.0,
        "temperature": 21.0,
        "humidity": 45.0,
    }

    def __init__(self, clock: SimulatedClock) -> None:
        self._measuring = False
        self._interval = 2
        super().__init__(clock)

    def power_on(self) -> None:
        """Go on as before, with nothing measured yet."""
        self._result = (0.0, 0.0, 0.0)
        self._ready = False
        self._began = self.clock.monotonic()
        self._words: list[int] = []
        self._answer_at = 0.0

    def write(self, data: bytes) -> None:
        """Take a command, and its argument with a right checksum."""
        self._measure()
        if len(data) not in {0, 2, 5}:
            raise Nack
        if len(data) == 5 and crc(int.from_bytes(data[2:4])) != data[4]:
            raise Nack
        if data:
            argument = int.from_bytes(data[2:4]) if len(data) == 5 else None
            self._command(int.from_bytes(data[:2]), argument)
            self._answer_at = self.clock.monotonic() + ANSWER

    def read(self, count: int) -> bytes:
        """Give the answer of the last command, not before it is there."""
        if not self._words or self.clock.monotonic() < self._answer_at:
            raise Nack
        frame = b"".join(word.to_bytes(2) + bytes([crc(word)]) for word in self._words)
        self._words = []
        return frame[:count].ljust(count, b"\xff")

    def _command(self, code: int, argument: int | None) -> None:
        self._words = []
        if code == FIRMWARE:
            self._words = [VERSION]
        elif code == READY:
            self._words = [int(self._ready)]
        elif code == RESULT:
            self._words, self._ready = list(_words(self._result)), False
        elif code == INTERVAL and argument is None:
            self._words = [self._interval]
        elif code == INTERVAL and argument is not None:
            self._interval = argument if 2 <= argument <= 1800 else self._interval
        elif code == START and argument is not None:
            self._began = self._began if self._measuring else self.clock.monotonic()
            self._measuring = True
        elif code == STOP:
            self._measuring = False
        else:
            raise Nack

    def _measure(self) -> None:
        """Hold what was measured last, if an interval is over."""
        now = self.clock.monotonic()
        if self._measuring and now >= self._began + self._interval * self.slowness:
            carbon_dioxide, celsius, percent = (self.values[name] for name in self.inputs)
            self._result = (carbon_dioxide, celsius, percent)
            self._ready, self._began = True, now


def _words(values: tuple[float, ...]) -> tuple[int, ...]:
    raw = struct.pack(f">{len(values)}f", *values)
    return struct.unpack(f">{len(raw) // 2}H", raw)
