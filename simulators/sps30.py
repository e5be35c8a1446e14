"""Sensirion SPS30 as its datasheet describes it (version 1.0), firmware 2.2."""

import struct
from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.particles import CLEAN, INTERVAL, RESET, STOP, ParticleModel
from simulators.base.sensirion import checked_word, with_crc
from simulators.clock import SimulatedClock
from simulators.model import Nack, Range

START, SLEEP, WAKE_UP = 0x0010, 0x1001, 0x1103
IEEE, WHOLE = 0x0300, 0x0500  # numbers of a result
MASSES = ("pm1", "pm25", "pm4", "pm10")
COUNTS = ("up_to_0_5um", "up_to_1um", "up_to_2_5um", "up_to_4um", "up_to_10um")
SIZE = 0.6  # µm, of a typical particle


class SPS30(ParticleModel):
    """It sleeps deaf; a first wake-up command is a pulse that only switches its bus on."""

    inputs: ClassVar[Mapping[str, Range]] = {
        **dict.fromkeys(MASSES, Range(0, 1000, 0.1)),
        **dict.fromkeys(COUNTS, Range(0, 3_000_000, 100)),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        **dict(zip(MASSES, (8.0, 11.0, 13.0, 14.0), strict=True)),
        **dict(zip(COUNTS, (50_000.0, 60_000.0, 62_000.0, 62_500.0, 62_600.0), strict=True)),
    }
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        STOP.to_bytes(2),
        CLEAN.to_bytes(2),
        SLEEP.to_bytes(2),
        (STOP.to_bytes(2), START.to_bytes(2) + with_crc(WHOLE)),
    )
    result: ClassVar[int] = 0x0300
    naming: ClassVar[int] = 0xD002
    names: ClassVar[str] = "00080000"
    seconds: ClassVar[Mapping[int, float]] = {0: 0.0, INTERVAL: 0.004, RESET: 0.1}

    def __init__(self, clock: SimulatedClock) -> None:
        self.version = 0x0202
        super().__init__(clock)

    def power_on(self) -> None:
        """Be idle and awake."""
        self._asleep = False
        self._pulsed = float("-inf")
        self._format = IEEE
        super().power_on()

    def write(self, data: bytes) -> None:
        """Take a command, if it is awake or woken up."""
        if self._asleep and data:
            woken = data == WAKE_UP.to_bytes(2) and self.clock.monotonic() - self._pulsed < 0.1
            self._pulsed = self.clock.monotonic()
            if not woken:
                raise Nack
            self._asleep = False
        super().write(data)

    def _command(self, code: int, arguments: bytes) -> None:
        if code == START and len(arguments) == 3:
            self._format = checked_word(arguments)
            self._start()
        elif code == SLEEP and self._began is None:
            self._asleep = True
        elif code not in {SLEEP, WAKE_UP}:
            super()._command(code, arguments)

    def _measured(self, *, blown: bool) -> tuple[int, ...]:
        masses = [self.values[name] for name in MASSES]
        counts = [self.values[name] / 1000 for name in COUNTS]
        numbers = [*masses, *counts, SIZE] if blown else [0.0] * 10
        if self._format == WHOLE:
            return tuple(min(round(each), 0xFFFF) for each in numbers)
        raw = struct.pack(">10f", *numbers)
        return struct.unpack(">20H", raw)
