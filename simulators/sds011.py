"""Nova SDS011 particle sensor (control protocol V1.3): it keeps its mode and period in a memory."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import Range
from simulators.serial import SerialModel

SPEED_UP = 10.0  # seconds in which it counts nothing
ANSWER_SECONDS = 0.02
MODE, QUERY, STATE, PERIOD = 0x02, 0x04, 0x06, 0x08
NUMBER = b"\xa1\x60"  # its own


class SDS011(SerialModel):
    """It speaks each second, or when it is asked; a sleeping one hears only what wakes it."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "pm25": Range(0, 999.9, 0.1),
        "pm10": Range(0.1, 999.9, 0.1),  # there is always some dust
    }
    quiet: ClassVar[Mapping[str, float]] = {"pm25": 12.0, "pm10": 21.0}
    dead: ClassVar[Mapping[str, float]] = {"pm25": 0, "pm10": 0}

    def __init__(self, clock: SimulatedClock) -> None:
        self.held = {MODE: 0, PERIOD: 0}  # as it is made: it speaks unasked, without pauses
        self.written = 0  # times that its memory was
        super().__init__(clock)

    def power_on(self) -> None:
        """Begin awake."""
        self.awake = True
        self._due: list[tuple[float, bytes]] = []
        self._woke_at = self._spoke_at = self.clock.monotonic()

    def receive(self, data: bytes) -> None:
        """Take one command; what is damaged or unknown is ignored."""
        whole = len(data) == 19 and data[:2] == b"\xaa\xb4" and data[-1] == 0xAB
        if not whole or sum(data[2:17]) % 256 != data[17]:
            return
        code, action, value = data[2:5]
        if code == STATE:
            self._wake_or_sleep(action, value)
        elif not self.awake:
            return
        elif code == QUERY:
            self._answer(b"")
        elif code in self.held:
            if action == 1:
                self.held[code] = value
                self.written += 1
            self._answer(bytes([code, action, self.held[code], 0]))

    def _wake_or_sleep(self, action: int, value: int) -> None:
        if action == 1 and value == 1 and not self.awake:
            self._woke_at = self._spoke_at = self.clock.monotonic()
        self.awake = value == 1 if action == 1 else self.awake
        self._answer(bytes([STATE, action, int(self.awake), 0]))

    def _answer(self, body: bytes) -> None:
        self._due.append((self.clock.monotonic() + ANSWER_SECONDS * self.slowness, body))

    def send(self) -> bytes:
        """Return the answers and the frames that are due."""
        now = self.clock.monotonic()
        ready = [body for at, body in self._due if at <= now]
        self._due = [one for one in self._due if one[0] > now]
        said = b"".join(_framed(0xC5, body) if body else self.frame() for body in ready)
        if self.awake and not self.held[MODE] and now - self._spoke_at >= self.slowness:
            self._spoke_at = now
            said += self.frame()
        return said

    def frame(self) -> bytes:
        """Return ten bytes with both values."""
        blown = self.clock.monotonic() - self._woke_at >= SPEED_UP
        words = [round(10 * self.felt(name)) if blown else 0 for name in ("pm25", "pm10")]
        return _framed(0xC0, b"".join(min(each, 0xFFFF).to_bytes(2, "little") for each in words))


def _framed(kind: int, body: bytes) -> bytes:
    said = body + NUMBER
    return bytes([0xAA, kind]) + said + bytes([sum(said) % 256, 0xAB])
