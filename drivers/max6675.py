"""Maxim MAX6675 thermocouple-to-digital converter, type K (datasheet 19-2235, revision 2).

The chip can only be read: it has no register and no checksum, and says 0 °C for all that is colder.
What guards its values are the bits that are always 0, and that three reads of a conversion agree:
a read breaks off the next one, and repeats the last.

It takes the thermocouple for a straight line from its own temperature on, which it does not say.
What it measured is turned back into a voltage, as if the chip had 25 °C, and that into a
temperature after ITS-90: from 0 to 85 °C of its own, this is within 0.7 °C.
"""

from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, OutOfRange
from drivers.base.spi import SPIPort
from drivers.base.thermocouple import celsius, millivolts

MODE, HERTZ = 0, 1_000_000  # of 4.3 MHz at most
CONVERSION = 0.25  # seconds: 0.22 at most
LENGTH = 2  # bytes
STEP = 0.25  # °C of the straight line
SENSITIVITY = 0.041  # mV per °C of it
OWN = 25.0  # °C that the chip is taken for
ZERO, OPEN, FLOATING = 0x8002, 0x0004, 0x0001  # bits of the word
MOST = 0xFFF


class MAX6675:
    """Maxim MAX6675 converter for thermocouples of type K, above 0 °C (datasheet 19-2235 rev 2)."""

    bus: ClassVar[BusKind] = "spi"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that it converts no more, but answers: it repeats its last word",
            "a MAX31856, which shows that a conversion has ended",
        ),
        Blindness(
            "a thermocouple that touches ground or the supply, or of another type than K",
            "a MAX31856, whose status says so, and which takes any type",
        ),
    )
    channels = (Channel("temperature", "°C", 1, 1018, 0.27),)  # its ends stand for all beyond

    def __init__(self, port: SPIPort) -> None:
        self._port = port

    def setup(self) -> Steps[None]:
        """Let the first conversion end: there is nothing in the chip to set."""
        self._port.configure(mode=MODE, hertz=HERTZ)
        yield CONVERSION

    def measure(self) -> Steps[Values]:
        """Begin a conversion by a read, and read its result; an open thermocouple has none."""
        self._port.transfer(bytes(LENGTH))
        yield CONVERSION
        word, *others = (self._word() for _ in range(READS))
        if {word} != set(others):
            listed = " and ".join(f"{each:04x}" for each in (word, *others))
            what = f"reads of one conversion differ: {listed}"
            raise BadChecksum(self._port.where, what, "check cable length and ground")
        values = {"temperature": self._celsius(word)}
        return checked(self.channels, values, self._port.where)

    def _word(self) -> int:
        word = int.from_bytes(self._port.transfer(bytes(LENGTH)))
        if word in {0, 0xFFFF}:
            what = f"the chip answers {word:04x} only, or the thermocouple has 0 °C or less"
            raise DeadFrame(self._port.where, what)
        if word & ZERO:
            what = f"{word:04x} cannot be a MAX6675's word"
            raise BadChecksum(self._port.where, what, "check the wiring, and that it is one")
        return word & ~FLOATING

    def _celsius(self, word: int) -> float:
        if word & OPEN:
            remedy = "check both of its wires; T- must be connected to ground"
            raise OutOfRange(self._port.where, "the thermocouple is open", remedy)
        code = word >> 3
        found = None if code in {0, MOST} else linearised(code * STEP)
        if found is None:
            raise OutOfRange(self._port.where, f"{code * STEP:g} °C is an end of its scale")
        return found


def linearised(line: float) -> float | None:
    """Return °C after ITS-90 of what the chip took for a straight line; None beyond the type's."""
    return celsius("K", SENSITIVITY * (line - OWN) + millivolts("K", OWN))
