"""Sensirion SHTC3 as its datasheet describes it (July 2018): commands in, words with CRC out."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.base.sensirion import WordModel
from simulators.model import Nack, Range

WAKE_UP, SLEEP, RESET, ID = 0x3517, 0xB098, 0x805D, 0xEFC8
START_SECONDS = 0.00018  # typical, also of a reset and to wake up (§3)
# Typical time and whether humidity comes first (§3, §5), without clock stretching
COMMANDS = {
    0x7866: (0.0108, False),
    0x58E0: (0.0108, True),
    0x609C: (0.0007, False),
    0x401A: (0.0007, True),
}
ID_BITS = 0x0880  # the rest of the id; bit 7 is not specified


class SHTC3(WordModel):
    """Takes no command but one while it sleeps."""

    addresses: ClassVar[tuple[int, ...]] = (0x70,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "temperature": Range(-40, 125, 175 / 65536),
        "humidity": Range(0, 100, 100 / 65536),
    }
    meddling: ClassVar[Sequence[bytes]] = (SLEEP.to_bytes(2),)
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 21.0, "humidity": 45.0}
    chip_id: ClassVar[int] = 0x07

    def power_on(self) -> None:
        """Be idle, a moment later."""
        super().power_on()
        self._asleep = False
        self._busy_for(START_SECONDS)

    def _command(self, code: int, arguments: bytes) -> None:
        del arguments
        if self._asleep and code != WAKE_UP:
            raise Nack
        if code in {WAKE_UP, SLEEP}:
            self._asleep = code == SLEEP
            self._words = ()
        elif code == RESET:
            self.power_on()
        elif code == ID:
            self._words = (ID_BITS | self.chip_id & 0x3F,)
        elif code in COMMANDS:
            self._measure(*COMMANDS[code])
        else:
            raise Nack

    def _measure(self, seconds: float, humidity_first: bool) -> None:
        words = (
            _ticks((self.values["temperature"] + 45) / 175),
            _ticks(self.values["humidity"] / 100),
        )
        self._words = words[::-1] if humidity_first else words
        self._busy_for(seconds * self.slowness)


def _ticks(share: float) -> int:
    return min(max(round(share * 65536), 0), 65535)
