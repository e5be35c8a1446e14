"""Maxim MAX31855 thermocouple-to-digital converter (datasheet 19-5793, revision 5).

The chip can only be read: it has no register, no identification and no checksum. What guards its
values are the bits that are always 0, and that two reads of one conversion are alike.
"""

from typing import ClassVar

from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, DriverError, OutOfRange
from drivers.base.spi import SPIPort

MODE, HERTZ = 0, 1_000_000  # of 5 MHz at most (serial interface timing characteristics)
POWER_UP = 0.2  # seconds until the first conversion has ended (tCONV_PU)
LENGTH = 4  # bytes

# Memory map, tables 2 and 3
RESERVED = 1 << 17 | 1 << 3
FAULT = 1 << 16
FAULTS = {
    1 << 0: ("is open", "check that both of its wires are connected"),
    1 << 1: ("touches ground", "insulate its tip: it must not touch grounded metal"),
    1 << 2: ("touches the supply", "check its wires, and its insulation"),
}


class MAX31855:
    """Maxim MAX31855 thermocouple converter, with its cold junction (datasheet 19-5793 rev 5).

    The letter at the end of its name is the type of thermocouple that it is made for.
    """

    bus: ClassVar[BusKind] = "spi"
    channels: tuple[Channel, ...] = (
        Channel("temperature", "°C", -270, 1800, 0.25, needs=("internal",)),
        Channel("internal", "°C", -40, 125, 0.0625, "temperature"),
    )

    def __init__(self, port: SPIPort) -> None:
        self._port = port

    def setup(self) -> Steps[None]:
        """Let the first conversion end: there is nothing in the chip to set."""
        self._port.configure(mode=MODE, hertz=HERTZ)
        yield POWER_UP

    def measure(self) -> Steps[Values]:
        """Read the last conversion, at most 0.1 s old; a broken thermocouple has no value."""
        word, *others = (self._read() for _ in range(READS))
        if {word} != set(others):  # or the chip has converted meanwhile: ten times a second
            listed = " and ".join(f"{each:08x}" for each in (word, *others))
            what = f"reads of one conversion differ: {listed}"
            raise BadChecksum(self._port.where, what, "check cable length and ground")
        yield from ()
        values: dict[str, float | DriverError] = {**temperatures(word)}
        if broken := self._broken(word):
            values["temperature"] = broken
        return checked(self.channels, values, self._port.where)

    def _read(self) -> int:
        word = int.from_bytes(self._port.transfer(bytes(LENGTH)))
        if word in {0, 0xFFFFFFFF}:
            raise DeadFrame(self._port.where, f"the chip answers {word:08x} only")
        if word & RESERVED or bool(word & FAULT) != bool(word & sum(FAULTS)):
            what = f"{word:08x} cannot be a MAX31855's word"
            raise BadChecksum(self._port.where, what, "check the wiring, and that it is one")
        return word

    def _broken(self, word: int) -> OutOfRange | None:
        for bit, (what, remedy) in FAULTS.items():
            if word & bit:
                return OutOfRange(self._port.where, f"the thermocouple {what}", remedy)
        return None


def temperatures(word: int) -> dict[str, float]:
    """Return °C of the hot end and of the chip itself, its cold junction.

    Examples of the datasheet: tables 4 and 5.
    """
    hot, cold = signed(word >> 18, 14), signed(word >> 4 & 0xFFF, 12)
    return {"temperature": hot * 0.25, "internal": cold * 0.0625}


def signed(code: int, bits: int) -> int:
    """Return what a number in two's complement is."""
    return code - (1 << bits) if code >> bits - 1 else code
