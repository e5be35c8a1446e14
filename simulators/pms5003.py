"""Plantower PMS5003 particle sensor (series data manual V2.3, 2016, appendices I and II)."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import Range
from simulators.serial import SerialModel

BAD_FAN_SECONDS = 30.0  # after a wake-up its values are not stable: here they are 0
OWN_FRAME_SECONDS = 2.3  # stable mode
ANSWER_SECONDS = 0.04
MOST = 65535
VERSION = 0x97
MASSES = ("pm1", "pm25", "pm10")
STANDARD = ("pm1_standard", "pm25_standard", "pm10_standard")
LARGER = ("over_0_5um", "over_1um", "over_2_5um", "over_5um", "over_10um")


class PMS5003(SerialModel):
    """It sends a frame every 2.3 s after power-on; in passive mode only when asked."""

    inputs: ClassVar[Mapping[str, Range]] = {
        **dict.fromkeys((*MASSES, *STANDARD), Range(0, 1000, 1)),
        "over_0_3um": Range(300, 655_330, 10),  # of the smallest particles there are always some
        **dict.fromkeys(LARGER, Range(0, 655_340, 10)),
    }
    quiet: ClassVar[Mapping[str, float]] = {
        **dict(zip(MASSES, (25.0, 40.0, 60.0), strict=True)),
        **dict(zip(STANDARD, (25.0, 45.0, 80.0), strict=True)),  # more in dirty air
        "over_0_3um": 45_000.0,
        **dict(zip(LARGER, (13_000.0, 2_500.0, 400.0, 150.0, 100.0), strict=True)),
    }

    dead: ClassVar[Mapping[str, float]] = dict.fromkeys(inputs, 0)
    _frames = 0

    def power_on(self) -> None:
        """Begin awake, in active mode."""
        self._active = True
        self._asleep = False
        self._due: list[tuple[float, bytes | None]] = []  # an answer, or a frame still to be made
        self._wake()

    def _wake(self) -> None:
        self._asleep = False
        self._woke_at = self._spoke_at = self.clock.monotonic()

    def receive(self, data: bytes) -> None:
        """Take one command; what is damaged or unknown is ignored."""
        if len(data) != 7 or data[:2] != b"BM" or sum(data[:5]) != data[5] << 8 | data[6]:
            return
        command, state = data[2], data[4]
        if command == 0xE4:
            self._sleep_or_wake(wake=state == 1)
        elif self._asleep:
            return
        elif command == 0xE1:
            self._active = state == 1
            self._spoke_at = self.clock.monotonic()
            self._answer(_framed(bytes([command, state])))
        elif command == 0xE2 and not self._active:
            self._answer(None)

    def _sleep_or_wake(self, *, wake: bool) -> None:
        if wake and self._asleep:
            self._wake()
        elif not wake and not self._asleep:
            self._answer(_framed(b"\xe4\x00"))
            self._asleep = True

    def _answer(self, frame: bytes | None) -> None:
        self._due.append((self.clock.monotonic() + ANSWER_SECONDS * self.slowness, frame))

    def send(self) -> bytes:
        """Return the answers and the frames that are due."""
        now = self.clock.monotonic()
        ready = [frame for at, frame in self._due if at <= now]
        self._due = [(at, frame) for at, frame in self._due if at > now]
        said = b"".join(self.frame() if frame is None else frame for frame in ready)
        period = OWN_FRAME_SECONDS * self.slowness
        if self._active and not self._asleep and now - self._spoke_at >= period:
            self._spoke_at = now
            said += self.frame()
        return said

    def frame(self) -> bytes:
        """Return the 32 bytes: standard particles, atmospheric, counts, version and error."""
        blown = self.clock.monotonic() - self._woke_at >= BAD_FAN_SECONDS
        words = self._words() if blown and not self.worn else [0] * 12
        return _framed(b"".join(each.to_bytes(2, "big") for each in words) + bytes([VERSION, 0]))

    def _words(self) -> list[int]:
        """Return concentrations and numbers in 0.1 L: that of the smallest always changes."""
        self._frames += 1
        air = [round(self.values[each]) for each in (*STANDARD, *MASSES)]
        numbers = [int(self.values[each] // 10) for each in ("over_0_3um", *LARGER)]
        numbers[0] += self._frames % 2
        return [min(each, MOST) for each in (*air, *numbers)]


def _framed(data: bytes) -> bytes:
    """Put start, length and sum around the data."""
    frame = b"BM" + (len(data) + 2).to_bytes(2, "big") + data
    return frame + sum(frame).to_bytes(2, "big")
