"""Winsen MH-Z19B carbon dioxide sensor (user manual V1.0): it answers, and needs 3 min to start."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.serial import SerialModel

PREHEAT_SECONDS = 180.0
ANSWER_SECONDS = 0.02
LEAST = 400  # what it says of less
READ = bytes.fromhex("ff 01 86 00 00 00 00 00 79")


class MHZ19(SerialModel):
    """Any command but the one that reads is kept in `commands`."""

    inputs: ClassVar[Mapping[str, Range]] = {"carbon_dioxide": Range(LEAST + 1, 4999, 1)}
    starting: ClassVar[int] = 410  # ppm
    dead: ClassVar[Mapping[str, float]] = {"carbon_dioxide": 1000}
    quiet: ClassVar[Mapping[str, float]] = {"carbon_dioxide": 650.0}

    def __init__(self, clock: SimulatedClock, range: int = 5000) -> None:  # noqa: A002 - the manual's word
        super().__init__(clock)
        self._range = range

    def power_on(self) -> None:
        """Begin to warm up."""
        self._began = self.clock.monotonic()
        self._due: list[float] = []
        self.commands: list[bytes] = []

    def receive(self, data: bytes) -> None:
        """Take a command."""
        if data == READ:
            self._due.append(self.clock.monotonic() + ANSWER_SECONDS * self.slowness)
        else:
            self.commands.append(data)

    def send(self) -> bytes:
        """Return the answers that are due."""
        now = self.clock.monotonic()
        ready = [at for at in self._due if at <= now]
        self._due = [at for at in self._due if at > now]
        return self.frame() * len(ready)

    def frame(self) -> bytes:
        """Return start, command, high, low, four bytes that no manual explains, and checksum."""
        starting = self.clock.monotonic() - self._began < PREHEAT_SECONDS
        ppm = self.starting if starting else round(self.felt("carbon_dioxide"))
        high, low = divmod(min(max(ppm, LEAST), self._range), 256)
        body = bytes([0x86, high, low, 0x40, 0x00, 0x00, 0x00])
        return b"\xff" + body + bytes([(0xFF - sum(body) % 256 + 1) % 256])
