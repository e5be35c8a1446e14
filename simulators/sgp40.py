"""Sensirion SGP40 as its datasheet describes it (version 1.2): commands in, words with CRC out."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

MEASURE, SELF_TEST, HEATER_OFF = 0x260F, 0x280E, 0x3615
FEATURE_SET, SERIAL = 0x202F, 0x3682
PASSED = 0xD400
DURATIONS = {MEASURE: 0.025, SELF_TEST: 0.300}  # typical, table 8
ANSWER_SECONDS = 0.0005
SERIAL_NUMBER = (0x0000, 0x0123, 0x4567)


class SGP40(I2CModel):
    """Takes no measurement's command without humidity and temperature, each with its checksum."""

    addresses: ClassVar[tuple[int, ...]] = (0x59,)
    inputs: ClassVar[Mapping[str, Range]] = {"voc_raw": Range(0, 65535, 1)}
    quiet: ClassVar[Mapping[str, float]] = {"voc_raw": 30000}
    chip_id = 0x20  # its feature set is 0x3220

    def power_on(self) -> None:
        """Be idle: the hotplate is off."""
        self.heated_since: float | None = None
        self.compensation: tuple[float, float] = (50.0, 25.0)  # %, °C
        self._answer: tuple[int, ...] = ()
        self._ready_at = self.clock.monotonic()

    def write(self, data: bytes) -> None:
        """Take a command; while one is under way, nothing is acknowledged."""
        if self.clock.monotonic() < self._ready_at:
            raise Nack
        if data:
            self._command(int.from_bytes(data[:2], "big"), data[2:])

    def read(self, count: int) -> bytes:
        """Give the words of the last command once."""
        if self.clock.monotonic() < self._ready_at or not self._answer:
            raise Nack
        words, self._answer = self._answer, ()
        frame = b"".join(with_crc(word) for word in words)
        return frame[:count].ljust(count, b"\xff")

    def _command(self, code: int, arguments: bytes) -> None:
        seconds = ANSWER_SECONDS
        if code in DURATIONS:
            seconds = DURATIONS[code] * self.slowness
        if code == MEASURE:
            self._answer = (self._measured(arguments),)
        elif code == HEATER_OFF:
            self.heated_since, self._answer = None, ()
        else:
            answers = {SELF_TEST: (PASSED,), SERIAL: SERIAL_NUMBER}
            answers[FEATURE_SET] = (0x3200 | self.chip_id & 0xFF,)
            if code not in answers:
                raise Nack
            self._answer = answers[code]
        self._ready_at = self.clock.monotonic() + seconds

    def _measured(self, arguments: bytes) -> int:
        humidity, temperature = _word(arguments[:3]), _word(arguments[3:])
        self.compensation = (100 * humidity / 65535, 175 * temperature / 65535 - 45)
        if self.heated_since is None:
            self.heated_since = self.clock.monotonic()
        return min(max(round(self.values["voc_raw"]), 0), 65535)


def with_crc(word: int) -> bytes:
    """Append the CRC-8 with polynomial x8 + x5 + x4 + 1, initially 0xFF, bit by bit."""
    register = 0xFF
    for n in range(15, -1, -1):
        out = register >> 7 ^ (word >> n & 1)
        register = register << 1 & 0xFF
        if out:
            register ^= 0x31
    return word.to_bytes(2, "big") + bytes([register])


def _word(data: bytes) -> int:
    word = int.from_bytes(data[:2], "big")
    if data != with_crc(word):
        raise Nack
    return word
