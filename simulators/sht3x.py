"""Sensirion SHT3x as its datasheet describes it (version 7): commands in, words with CRC out."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, ticks
from simulators.model import Nack, Range

SINGLE = {0x2400: 0.0125, 0x240B: 0.0045, 0x2416: 0.0025}  # typical, table 4
PERIODIC = {0x2032: 2.0, 0x2130: 1.0, 0x2236: 0.5, 0x2334: 0.25, 0x2737: 0.1}  # high repeatability
RESET, BREAK, FETCH, STATUS, CLEAR = 0x30A2, 0x3093, 0xE000, 0xF32D, 0x3041
HEATER_ON, HEATER_OFF = 0x306D, 0x3066
# °C and % by the command that reads them, as at power-on (application note "Alert Mode")
LIMITS = {0xE11F: (60, 80), 0xE114: (58, 79), 0xE109: (-9, 22), 0xE102: (-10, 20)}
HEATER, HEATED = 0x2000, 3.0  # °C warmer, and about as many % drier
RESET_SECONDS = 0.0005
POWER_ON = 0x8010  # an alert is pending, and there was a reset (table 18)


class SHT3x(WordModel):
    """Does not acknowledge a read before its conversion is over, nor one without a command."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 175 / 65535),
        "humidity": Range(0, 100, 100 / 65535),
    }
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        b"\x30\x6d",
        b"\x21\x30",
        b"\x27\x37",
    )
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}

    def power_on(self) -> None:
        """Forget the command under way, and say in the status that there was a reset."""
        self._status = POWER_ON
        super().power_on()
        self._period = 0.0

    def _command(self, code: int, arguments: bytes) -> None:
        if arguments:
            raise Nack
        if code == RESET:
            self.power_on()
            self._ready_at += RESET_SECONDS
        elif code in SINGLE and not self._period:
            self._busy_for(SINGLE[code] * self.slowness)
            self._words = self._measured()
        elif code in PERIODIC:
            self._period = PERIODIC[code]
        elif code == FETCH and self._period:
            self._words = self._measured()
        else:
            self._control(code)

    def _control(self, code: int) -> None:
        if code == STATUS:
            self._words = (self._status,)
        elif code in LIMITS:
            self._words = (_limit(*LIMITS[code]),)
        elif code == CLEAR:
            self._status &= HEATER
        elif code in {HEATER_ON, HEATER_OFF}:
            self._status = self._status & ~HEATER | HEATER * (code == HEATER_ON)
        elif code == BREAK:
            self._period = 0.0
        else:
            raise Nack

    def _measured(self) -> tuple[int, ...]:
        warmer = HEATED if self._status & HEATER else 0.0
        return (
            ticks((self.values["temperature"] + warmer + 45) / 175),
            ticks((self.values["humidity"] - warmer) / 100),
        )


def _limit(celsius: float, percent: float) -> int:
    """Return a limit as the chip holds it: 7 bits of the humidity, then 9 of the temperature."""
    return round(percent / 100 * 128) << 9 | round((celsius + 45) / 175 * 512)
