"""Sensirion SHT4x as its datasheet describes it (version 6.5): commands in, words with CRC out."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, ticks
from simulators.clock import SimulatedClock
from simulators.model import Nack, Range

DURATIONS = {0xFD: 0.0069, 0xF6: 0.0037, 0xE0: 0.0013}  # typical, table 5
HEATER = {0x39: 1.0, 0x32: 0.1, 0x2F: 1.0, 0x24: 0.1, 0x1E: 1.0, 0x15: 0.1}  # table 8
HEATED, COOLING_SECONDS = 30.0, 5.0  # °C at the end of a pulse, and its time constant
RESET, SERIAL = 0x94, 0x89
RESET_SECONDS = 0.0006
SERIAL_NUMBER = (0x0F41, 0xB2C7)


class SHT4x(WordModel):
    """Does not acknowledge a read before its conversion is over, nor one without a command."""

    command_size: ClassVar[int] = 1
    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45, 0x46)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 175 / 65535),
        "humidity": Range(0, 100, 125 / 65535),
    }
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (b"\x39", b"\x15")
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    def __init__(self, clock: SimulatedClock) -> None:
        self._heated_until = -math.inf
        super().__init__(clock)

    def _command(self, code: int, arguments: bytes) -> None:
        del arguments  # ignored, as everything that follows a command
        if code == RESET:
            self.power_on()
            self._ready_at += RESET_SECONDS
        elif code == SERIAL:
            self._words = SERIAL_NUMBER
        elif code in HEATER:
            self._busy_for(HEATER[code] * self.slowness)
            self._heated_until = self._ready_at
            self._words = self._measured()
        elif code in DURATIONS:
            self._busy_for(DURATIONS[code] * self.slowness)
            self._words = self._measured()
        else:
            raise Nack

    def _measured(self) -> tuple[int, ...]:
        """Return both results; it is warm for a while after its heater."""
        since = max(self.clock.monotonic() - self._heated_until, 0.0)
        warmer = HEATED * math.exp(-since / COOLING_SECONDS)
        return (
            ticks((self.values["temperature"] + warmer + 45) / 175),
            ticks((self.values["humidity"] - warmer + 6) / 125),
        )
