"""Sensirion SEN55 as its datasheet describes it (version 2, March 2022)."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.particles import CLEAN, RESET, STOP, ParticleModel
from simulators.base.sensirion import checked_word, with_crc
from simulators.clock import SimulatedClock
from simulators.model import Range

START, START_WITHOUT_PARTICLES = 0x0021, 0x0037
OFFSET, VOC, NOX = 0x60B2, 0x60D0, 0x60E1
DEFAULTS = {OFFSET: (0, 0, 0), VOC: (100, 12, 12, 180, 50, 230), NOX: (1, 12, 12, 720, 50, 230)}
MASSES = ("pm1", "pm25", "pm4", "pm10")
NO_MASS, NO_VALUE = 0xFFFF, 0x7FFF
CONDITIONING = 10.0  # seconds without an index of nitrogen oxides
SEN54, SEN55 = 7, 8  # words that they measure


class SEN5x(ParticleModel):
    """Takes what compensates it until a reset; gives the highest number for what it has not."""

    inputs: ClassVar[Mapping[str, Range]] = {
        **dict.fromkeys(MASSES, Range(0, 1000, 0.1)),
        "humidity": Range(0, 100, 0.01),
        "temperature": Range(-10, 60, 0.005),
        "voc_index": Range(1, 500, 0.1),
        "nox_index": Range(1, 500, 0.1),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        **dict(zip(MASSES, (8.0, 11.0, 13.0, 14.0), strict=True)),
        "humidity": 45.0,
        "temperature": 21.0,
        "voc_index": 100.0,
        "nox_index": 1.0,
    }
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        STOP.to_bytes(2),
        CLEAN.to_bytes(2),
        (STOP.to_bytes(2), START_WITHOUT_PARTICLES.to_bytes(2)),
        OFFSET.to_bytes(2) + with_crc(400) + 2 * with_crc(0),
        VOC.to_bytes(2) + b"".join(map(with_crc, (300, 12, 12, 180, 50, 230))),
    )
    result: ClassVar[int] = 0x03C4
    naming: ClassVar[int] = 0xD014
    names: ClassVar[str] = "SEN55"
    seconds: ClassVar[Mapping[int, float]] = {0: 0.019, START: 0.05, STOP: 0.16, RESET: 0.1}

    def __init__(self, clock: SimulatedClock) -> None:
        self.version = 0x0200
        super().__init__(clock)

    def power_on(self) -> None:
        """Be idle, with nothing that compensates."""
        super().power_on()
        self._held = dict(DEFAULTS)
        self._counts = True  # particles
        self._result = (NO_MASS,) * 4 + (NO_VALUE,) * 4

    def _command(self, code: int, arguments: bytes) -> None:
        if code in {START, START_WITHOUT_PARTICLES}:
            self._counts = code == START
            self._start()
        elif code in self._supported() and arguments:
            pieces = (arguments[n : n + 3] for n in range(0, len(arguments), 3))
            self._held[code] = tuple(map(checked_word, pieces))
        else:
            super()._command(code, arguments)

    def _supported(self) -> tuple[int, ...]:
        return {"SEN50": (), "SEN54": (OFFSET, VOC)}.get(self.names, (OFFSET, VOC, NOX))

    def _answer(self, code: int) -> bool:
        if code in self._supported():
            self._words = self._held[code]
            return True
        return super()._answer(code)

    def _measured(self, *, blown: bool) -> tuple[int, ...]:
        """Return all words; it takes offset and tuning into account."""
        masses = [_counted(10 * self.values[name]) if blown else 0 for name in MASSES]
        if not self._counts:
            masses = [NO_MASS] * 4
        percent = min(max(round(100 * self.values["humidity"]), 0), 10_000)
        offset = self._held[OFFSET][0]
        celsius = round(200 * self.values["temperature"]) + offset
        voc = _counted(10 * self.values["voc_index"] * self._held[VOC][0] / 100)
        nox = _counted(10 * self.values["nox_index"] * self._held[NOX][0])
        conditioned = self.clock.monotonic() - (self._began or 0.0) >= CONDITIONING
        words = [*masses, percent, celsius & 0xFFFF, voc, nox if conditioned else NO_VALUE]
        known = {"SEN50": 4, "SEN54": SEN54}.get(self.names, SEN55)
        return tuple(words[:known]) + (NO_VALUE,) * (SEN55 - known)


def _counted(value: float) -> int:
    """Return a number that is never below 0, nor one that stands for none."""
    return min(max(round(value), 0), NO_VALUE - 1)
