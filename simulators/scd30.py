"""Sensirion SCD30 as its interface description has it (version 1.0): it measures continuously."""

import struct
from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, checked_word, with_crc
from simulators.clock import SimulatedClock
from simulators.model import Nack, Range

START, STOP, INTERVAL, READY, RESULT, FIRMWARE = 0x0010, 0x0104, 0x4600, 0x0202, 0x0300, 0xD100
OFFSET, ALTITUDE, CALIBRATES, TARGET = 0x5403, 0x5102, 0x5306, 0x5204
VERSION = 0x0342
SEA_LEVEL = 1013.25  # hPa
ANSWER = 0.003  # between a command and the read of its answer


class SCD30(WordModel):
    """Holds its newest measurement; keeps its interval, and whether it measures, without power."""

    interruptible: ClassVar[bool] = True
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

    pressure: float = SEA_LEVEL  # hPa, of the place
    says_pressure: ClassVar[bool] = True  # which it was started with

    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = tuple(
        code.to_bytes(2) + with_crc(word)
        for code, word in ((OFFSET, 300), (ALTITUDE, 2000), (START, 800))
    )

    def __init__(self, clock: SimulatedClock) -> None:
        self._measuring = False
        self._held = {
            INTERVAL: 2,
            OFFSET: 0,
            ALTITUDE: 0,
            CALIBRATES: 0,
            TARGET: 400,
        }  # survive a power loss
        self._correction = 0.0  # ppm, of the last forced calibration
        super().__init__(clock)

    def power_on(self) -> None:
        """Continue as before, with nothing measured yet."""
        self._result = (0.0, 0.0, 0.0)
        self._ready = False
        self._mbar = 0  # given with the start, lost without power; 0: the altitude counts
        self._began = self.clock.monotonic()
        super().power_on()

    def write(self, data: bytes) -> None:
        """Take a command; what was measured until now can be read."""
        self._measure()
        super().write(data)

    def _command(self, code: int, arguments: bytes) -> None:
        argument = checked_word(arguments) if arguments else None
        self._words = ()
        self._busy_for(ANSWER)
        if code == FIRMWARE:
            self._words = (VERSION,)
        elif code == READY:
            self._words = (int(self._ready),)
        elif code == RESULT:
            self._words, self._ready = _words(self._result), False
        elif argument is None and code in {START, *self._held}:
            self._words = self._said(code)
        elif code in self._held and argument is not None:
            if code != INTERVAL or 2 <= argument <= 1800:
                self._held[code] = argument
            if code == TARGET:
                self._correction += argument - self._ppm()
        elif code == START and argument is not None:
            self._began = self._began if self._measuring else self.clock.monotonic()
            self._measuring, self._mbar = True, argument
        elif code == STOP:
            self._measuring = False
        else:
            raise Nack

    def _said(self, code: int) -> tuple[int, ...]:
        """Return what it holds; it says its pressure, too, which no description has."""
        if code == START:
            return (self._mbar,) if self.says_pressure else ()
        return (self._held[code],)

    def _measure(self) -> None:
        """Hold what was measured last, if an interval is over."""
        now = self.clock.monotonic()
        if self._measuring and now >= self._began + self._held[INTERVAL] * self.slowness:
            celsius, percent = self.values["temperature"], self.values["humidity"]
            self._result = (self._ppm(), celsius - self._held[OFFSET] / 100, percent)
            self._ready, self._began = True, now

    def _ppm(self) -> float:
        shown = self.values["carbon_dioxide"] * self.pressure / self._assumed()
        return shown + self._correction

    def _assumed(self) -> float:
        """Return the pressure in hPa that it was given, or that of its altitude."""
        return self._mbar or SEA_LEVEL * (1 - 2.25577e-5 * self._held[ALTITUDE]) ** 5.25588


def _words(values: tuple[float, ...]) -> tuple[int, ...]:
    raw = struct.pack(f">{len(values)}f", *values)
    return struct.unpack(f">{len(raw) // 2}H", raw)
