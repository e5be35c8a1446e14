"""Sensirion SGP40 as its datasheet describes it (version 1.2): commands in, words with CRC out."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, checked_word
from simulators.model import Nack, Range

MEASURE, SELF_TEST, HEATER_OFF = 0x260F, 0x280E, 0x3615
FEATURE_SET, SERIAL = 0x202F, 0x3682
PASSED = 0xD400
DURATIONS = {MEASURE: 0.025, SELF_TEST: 0.300}  # typical, table 8
ANSWER_SECONDS = 0.0005
WARM_UP, COLD = 60.0, 0.7  # seconds (table 1), and the share of the signal at their begin
SERIAL_NUMBER = (0x0000, 0x0123, 0x4567)


class SGP40(WordModel):
    """Takes no measurement's command without humidity and temperature, each with its checksum."""

    addresses: ClassVar[tuple[int, ...]] = (0x59,)
    inputs: ClassVar[Mapping[str, Range]] = {"voc_raw": Range(0, 65535, 1)}
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (HEATER_OFF.to_bytes(2),)
    quiet: ClassVar[Mapping[str, float]] = {"voc_raw": 30000}
    chip_id = 0x20  # its feature set is 0x3220
    features: ClassVar[int] = 0x3200

    def power_on(self) -> None:
        """Be idle: the hotplate is off."""
        self.heated_since: float | None = None
        self.compensation: tuple[float, float] = (50.0, 25.0)  # %, °C
        super().power_on()

    def _command(self, code: int, arguments: bytes) -> None:
        seconds = ANSWER_SECONDS
        if code in DURATIONS:
            seconds = DURATIONS[code] * self.slowness
        if code == MEASURE:
            self._words = (self._measured(arguments),)
        elif code == HEATER_OFF:
            self.heated_since, self._words = None, ()
        else:
            answers = {SELF_TEST: (PASSED,), SERIAL: SERIAL_NUMBER}
            answers[FEATURE_SET] = (self.features | self.chip_id & 0xFF,)
            if code not in answers:
                raise Nack
            self._words = answers[code]
        self._busy_for(seconds)

    def _warmth(self) -> float:
        """Return the share of its signal that a hotplate shows which is not warm yet."""
        since = self.clock.monotonic() - (self.heated_since or 0.0)
        return min(COLD + (1 - COLD) * since / WARM_UP, 1.0)

    def _measured(self, arguments: bytes) -> int:
        humidity, temperature = checked_word(arguments[:3]), checked_word(arguments[3:])
        self.compensation = (100 * humidity / 65535, 175 * temperature / 65535 - 45)
        if self.heated_since is None:
            self.heated_since = self.clock.monotonic()
        return min(max(round(self.values["voc_raw"] * self._warmth()), 0), 65535)
