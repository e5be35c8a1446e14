"""Sensirion SCD4x as its datasheet describes it (version 1.6): it measures every five seconds."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel, checked_word, ticks, with_crc
from simulators.model import Nack, Range

START, STOP, READY, RESULT, SERIAL = 0x21B1, 0x3F86, 0xE4B8, 0xEC05, 0x3682
RECALIBRATE, RECALIBRATION_SECONDS, SETTLED = 0x362F, 0.4, 180.0
WAKE_UP, VARIANT, REINIT = 0x36F6, 0x202F, 0x3646
SERIAL_NUMBER = (0xF896, 0x9F07, 0x3BBE)  # the datasheet's example (§3.10.2)
SCD41 = 0x1440
OFFSET, GET_OFFSET, ALTITUDE, GET_ALTITUDE = 0x241D, 0x2318, 0x2427, 0x2322
PRESSURE, CALIBRATES, GET_CALIBRATES = 0xE000, 0x2416, 0x2313
SETTERS = {
    OFFSET: GET_OFFSET,
    ALTITUDE: GET_ALTITUDE,
    PRESSURE: PRESSURE,
    CALIBRATES: GET_CALIBRATES,
}
DEFAULTS = {GET_OFFSET: 0x05DA, GET_ALTITUDE: 0, PRESSURE: 1013, GET_CALIBRATES: 1}
HEATED = 4.0  # °C by which the board warms the chip: the default offset takes them off
SEA_LEVEL = 1013  # hPa
PERIOD, STOP_SECONDS, ANSWER = 5.0, 0.5, 0.001
START_UP = 0.03
WHILE_MEASURING = (STOP, READY, RESULT, PRESSURE)


class SCD4x(WordModel):
    """While it measures it acknowledges few commands; its buffer is empty once it was read."""

    addresses: ClassVar[tuple[int, ...]] = (0x62,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "carbon_dioxide": Range(1, 40_000, 1),
        "temperature": Range(-10, 60, 175 / 65535),
        "humidity": Range(0, 100, 100 / 65535),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        "carbon_dioxide": 650.0,
        "temperature": 21.0,
        "humidity": 45.0,
    }

    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (
        PRESSURE.to_bytes(2) + with_crc(800),
        *(
            (STOP.to_bytes(2), code.to_bytes(2) + with_crc(word), START.to_bytes(2))
            for code, word in ((OFFSET, 0x0B00), (ALTITUDE, 2000))
        ),
    )
    pressure: float = SEA_LEVEL  # hPa, of the place

    def power_on(self) -> None:
        """Be idle, after a moment, with the settings that are in its EEPROM."""
        self._held = dict(DEFAULTS)
        self._measured_for = 0.0  # seconds, until it was stopped
        self._correction = 0.0  # ppm, of the last forced calibration
        self._assumed: float = SEA_LEVEL  # hPa: the last that was set counts
        self._measuring = False
        self._began = 0.0
        self._result: tuple[int, ...] = ()
        super().power_on()
        self._busy_for(START_UP)

    def write(self, data: bytes) -> None:
        """Take a command; what was measured until now is in the buffer."""
        self._measure()
        super().write(data)

    def _command(self, code: int, arguments: bytes) -> None:
        self._words = ()
        if code == WAKE_UP or (self._measuring and code not in WHILE_MEASURING):
            raise Nack
        if code == START:  # takes the next command at once (table 9)
            self._measuring, self._began = True, self.clock.monotonic()
            self._started = self._began
            return
        self._busy_for(ANSWER)
        if code == RECALIBRATE:
            self._recalibrate(checked_word(arguments))
        elif arguments:
            self._set(code, checked_word(arguments))
        elif code == STOP:
            if self._measuring:
                self._measured_for = self.clock.monotonic() - self._started
            self._measuring, self._result = False, ()
            self._busy_for(STOP_SECONDS)
        elif code == READY:
            self._words = (0x8006 if self._result else 0x8000,)
        elif code == RESULT:
            self._words, self._result = self._result, ()
        elif code == REINIT:
            self._held, self._assumed = dict(DEFAULTS), SEA_LEVEL
            self._busy_for(START_UP)
        else:
            self._words = self._fixed(code)

    def _recalibrate(self, target: int) -> None:
        """Take the present air for the target, if it has been measured for long enough."""
        self._busy_for(RECALIBRATION_SECONDS)
        if self._measured_for < SETTLED:
            self._words = (0xFFFF,)
            return
        before = self._ppm()
        self._correction += target - before
        self._words = (0x8000 + round(target - before),)

    def _ppm(self) -> float:
        return self.values["carbon_dioxide"] * self.pressure / self._assumed + self._correction

    def _set(self, code: int, word: int) -> None:
        if code not in SETTERS:
            raise Nack
        self._held[SETTERS[code]] = word
        if code == ALTITUDE:
            self._assumed = SEA_LEVEL * (1 - 2.25577e-5 * word) ** 5.25588
        elif code == PRESSURE:
            self._assumed = word

    def _fixed(self, code: int) -> tuple[int, ...]:
        answers = {SERIAL: SERIAL_NUMBER, VARIANT: (SCD41,)}
        answers |= {get: (word,) for get, word in self._held.items()}
        if code not in answers:
            raise Nack
        return answers[code]

    def _measure(self) -> None:
        """Put the newest measurement into the buffer, if a period is over."""
        now = self.clock.monotonic()
        if self._measuring and now >= self._began + PERIOD * self.slowness:
            ppm = self._ppm()
            celsius = self.values["temperature"] + HEATED - 175 * self._held[GET_OFFSET] / 65535
            self._result = (
                min(max(round(ppm), 0), 0xFFFF),
                ticks((celsius + 45) / 175),
                ticks(self.values["humidity"] / 100),
            )
            self._began = now
