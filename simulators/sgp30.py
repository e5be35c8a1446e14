"""Sensirion SGP30 as its datasheet describes it: commands in, words with CRC out, an algorithm."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, checked_word, with_crc
from simulators.model import Nack, Range

INITIALISE, MEASURE, GET_BASELINE, SET_BASELINE = 0x2003, 0x2008, 0x2015, 0x201E
HUMIDITY = 0x2061  # g/m³ in 1/256; 0: no compensation
FEATURE_SET, SERIAL = 0x202F, 0x3682
# Typical, tables 10 and 11
DURATIONS = {
    INITIALISE: 0.002,
    MEASURE: 0.010,
    GET_BASELINE: 0.010,
    SET_BASELINE: 0.010,
    HUMIDITY: 0.001,
}
ANSWER_SECONDS = 0.0005  # identification
WARM_UP_SECONDS = 15.0
SERIAL_NUMBER = (0x0000, 0x0123, 0x4567)
BASELINE = (0x8973, 0x8AAE)
LIMIT = 60000


class SGP30(WordModel):
    """Says 400 ppm and 0 ppb until its algorithm has run for 15 s."""

    addresses: ClassVar[tuple[int, ...]] = (0x58,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "eco2": Range(400, LIMIT, 1),
        "tvoc": Range(0, LIMIT, 1),
    }
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        HUMIDITY.to_bytes(2) + with_crc(0x0B92),
    )
    quiet: ClassVar[Mapping[str, float]] = {"eco2": 520, "tvoc": 35}
    chip_id = 0x22  # its feature set is 0x0022

    def power_on(self) -> None:
        """Forget the algorithm and its baseline."""
        self._began: float | None = None
        self._baseline = (0, 0)
        self._humidity = 0
        super().power_on()

    def _command(self, code: int, arguments: bytes) -> None:
        if code in DURATIONS:
            seconds = DURATIONS[code] * self.slowness
        elif code in {FEATURE_SET, SERIAL}:
            seconds = ANSWER_SECONDS
        else:
            raise Nack
        self._words = self._answered(code, arguments)
        self._busy_for(seconds)

    def _answered(self, code: int, arguments: bytes) -> tuple[int, ...]:
        if code == INITIALISE:
            self._began, self._baseline = self.clock.monotonic(), (0, 0)
        elif code == SET_BASELINE:
            self._baseline = (checked_word(arguments[3:6]), checked_word(arguments[:3]))
        elif code == HUMIDITY:
            self._humidity = checked_word(arguments)
        elif code == MEASURE:
            return self._measured()
        elif code == GET_BASELINE:
            return self._baseline
        else:
            return (self._feature_set(),) if code == FEATURE_SET else SERIAL_NUMBER
        return ()

    def _feature_set(self) -> int:
        return self.chip_id & 0xFF

    def _measured(self) -> tuple[int, ...]:
        if self._began is None or self.clock.monotonic() < self._began + WARM_UP_SECONDS:
            return (400, 0)
        self._baseline = BASELINE if self._baseline == (0, 0) else self._baseline
        factor = 1.2 if self._humidity else 1.0
        found = (self.values[name] * factor for name in self.inputs)
        eco2, tvoc = (min(max(round(one), 0), LIMIT) for one in found)
        return (max(eco2, 400), tvoc)
