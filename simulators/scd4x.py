"""Sensirion SCD4x as its datasheet describes it (version 1.6): it measures every five seconds."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.base.sensirion import WordModel, ticks
from simulators.model import Nack, Range

START, STOP, READY, RESULT, SERIAL = 0x21B1, 0x3F86, 0xE4B8, 0xEC05, 0x3682
WAKE_UP, VARIANT, REINIT = 0x36F6, 0x202F, 0x3646
SERIAL_NUMBER = (0xF896, 0x9F07, 0x3BBE)  # the datasheet's example (§3.10.2)
SCD41 = 0x1440
PERIOD, STOP_SECONDS, ANSWER = 5.0, 0.5, 0.001
START_UP = 0.03
WHILE_MEASURING = (STOP, READY, RESULT)


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

    def power_on(self) -> None:
        """Be idle, after a moment."""
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
        if arguments:
            raise Nack
        self._words = ()
        if code == WAKE_UP or (self._measuring and code not in WHILE_MEASURING):
            raise Nack
        self._busy_for(ANSWER)
        if code == START:
            self._measuring, self._began = True, self.clock.monotonic()
        elif code == STOP:
            self._measuring, self._result = False, ()
            self._busy_for(STOP_SECONDS)
        elif code == READY:
            self._words = (0x8006 if self._result else 0x8000,)
        elif code == RESULT:
            self._words, self._result = self._result, ()
        else:
            self._words = self._fixed(code)

    def _fixed(self, code: int) -> tuple[int, ...]:
        answers = {SERIAL: SERIAL_NUMBER, VARIANT: (SCD41,), REINIT: ()}
        if code not in answers:
            raise Nack
        return answers[code]

    def _measure(self) -> None:
        """Put the newest measurement into the buffer, if a period is over."""
        now = self.clock.monotonic()
        if self._measuring and now >= self._began + PERIOD * self.slowness:
            self._result = (
                min(max(round(self.values["carbon_dioxide"]), 0), 0xFFFF),
                ticks((self.values["temperature"] + 45) / 175),
                ticks(self.values["humidity"] / 100),
            )
            self._began = now
