"""Winsen MH-Z19B carbon dioxide sensor (user manual V1.0): it answers, and needs 3 min to start."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.serial import SerialModel

PREHEAT_SECONDS = 180.0
ANSWER_SECONDS = 0.02
LEAST = 400  # what it says of less
READ, ZERO, SELF_CALIBRATION, RANGE = 0x86, 0x87, 0x79, 0x99
GET_SELF_CALIBRATION, GET_RANGE = 0x7D, 0x9B  # no manual has them


class MHZ19(SerialModel):
    """Any command but those that ask is kept in `commands`; one with a wrong checksum is ignored.

    Its range, its self-calibration and its zero point last without power.
    """

    inputs: ClassVar[Mapping[str, Range]] = {"carbon_dioxide": Range(LEAST + 1, 4999, 1)}
    starting: ClassVar[int] = 410  # ppm
    dead: ClassVar[Mapping[str, float]] = {"carbon_dioxide": 1000}
    says_settings: ClassVar[bool] = True
    quiet: ClassVar[Mapping[str, float]] = {"carbon_dioxide": 650.0}

    def __init__(self, clock: SimulatedClock, range: int = 5000) -> None:  # noqa: A002 - the manual's word
        super().__init__(clock)
        self.range = range
        self.self_calibrating = True
        self._correction = 0  # ppm

    def power_on(self) -> None:
        """Begin to warm up."""
        self._began = self.clock.monotonic()
        self._due: list[tuple[float, int]] = []  # when, and the answer to which command
        self.commands: list[bytes] = []

    def receive(self, data: bytes) -> None:
        """Take a command."""
        if len(data) != 9 or sum(data[1:]) & 0xFF:
            return
        code = data[2]
        if code in {READ, GET_RANGE, GET_SELF_CALIBRATION}:
            if code == READ or self.says_settings:
                self._due.append((self.clock.monotonic() + ANSWER_SECONDS * self.slowness, code))
            return
        self.commands.append(data)
        if code == RANGE:
            self.range = int.from_bytes(data[6:8])
        elif code == SELF_CALIBRATION:
            self.self_calibrating = data[3] == 0xA0
        elif code == ZERO:
            self._correction = LEAST - round(self.values["carbon_dioxide"])

    def send(self) -> bytes:
        """Return the answers that are due."""
        now = self.clock.monotonic()
        ready = [code for at, code in self._due if at <= now]
        self._due = [one for one in self._due if one[0] > now]
        return b"".join(map(self._reply, ready))

    def frame(self) -> bytes:
        """Return start, command, high, low, four bytes that no manual explains, and checksum."""
        starting = self.clock.monotonic() - self._began < PREHEAT_SECONDS
        measured = round(self.felt("carbon_dioxide")) + self._correction
        ppm = self.starting if starting else measured
        high, low = divmod(min(max(ppm, LEAST), self.range), 256)
        return _framed(READ, high, low, 0x40)

    def _reply(self, code: int) -> bytes:
        if code == GET_RANGE:
            return _framed(code, 0, 0, *self.range.to_bytes(2))
        if code == GET_SELF_CALIBRATION:
            return _framed(code, 0, 0, 0, 0, 0, self.self_calibrating)
        return self.frame()


def _framed(*given: int) -> bytes:
    body = bytes(given).ljust(7, b"\0")
    return b"\xff" + body + bytes([(0xFF - sum(body) % 256 + 1) % 256])
