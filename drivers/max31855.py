"""Maxim MAX31855 thermocouple-to-digital converter (datasheet 19-5793, revision 5).

The chip can only be read: it has no register, no identification and no checksum. What guards its
values are the bits that are always 0, and that two reads of one conversion are alike.

It takes the thermocouple for a straight line: a type K reads -140 °C at -194.8, and 1200 at 1218.
What it measured is therefore turned back into a voltage, and that into a temperature after ITS-90.
"""

from dataclasses import replace
from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DeadFrame, DriverError, OutOfRange
from drivers.base.spi import SPIPort
from drivers.base.thermocouple import CURVES, ThermocoupleType, celsius, millivolts

MODE, HERTZ = 0, 1_000_000  # of 5 MHz at most (serial interface timing characteristics)
POWER_UP = 0.2  # seconds until the first conversion has ended (tCONV_PU)
LENGTH = 4  # bytes
STEP = 0.25  # °C by its straight line

# mV per °C that the chip takes each type for: its nominal sensitivities (table 1, page 8). They are
# the mean of ITS-90 from 0 to 1000 °C, of T to 400 °C.
SENSITIVITIES: dict[ThermocoupleType, float] = {
    "K": 0.041276,
    "J": 0.057953,
    "N": 0.036256,
    "T": 0.05218,
    "E": 0.076373,
    "S": 0.009587,
    "R": 0.010506,
}

# Memory map, tables 2 and 3
RESERVED = 1 << 17 | 1 << 3
FAULT = 1 << 16
FAULTS = {
    1 << 0: ("is open", "check that both of its wires are connected"),
    1 << 1: ("touches ground", "insulate its tip: it must not touch grounded metal"),
    1 << 2: ("touches the supply", "check its wires, and its insulation"),
}


class MAX31855:
    """Maxim MAX31855 thermocouple converter, with its cold junction (datasheet 19-5793 rev 5)."""

    bus: ClassVar[BusKind] = "spi"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that it converts no more, but answers: it repeats its last word",
            "a platinum thermometer on a MAX31865, which shows that a conversion has ended",
        ),
        Blindness(
            "another type of thermocouple than its own, or than `thermocouple` says",
            "a look at the last letter of its name, and at the colours of the wires",
        ),
    )
    channels: tuple[Channel, ...] = (
        Channel("temperature", "°C", -210, 1768.1, STEP, needs=("internal",)),
        Channel("internal", "°C", -40, 125, 0.0625, "temperature"),
    )

    def __init__(self, port: SPIPort, *, thermocouple: ThermocoupleType = "K") -> None:
        """`thermocouple`: its type, which is the letter at the end of the chip's name."""
        self._port = port
        self._kind = thermocouple
        curve = CURVES[thermocouple]
        hot, internal = type(self).channels
        step = coarsest_step(thermocouple)
        self.channels = (replace(hot, low=curve.low, high=curve.high, resolution=step), internal)

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
        line, internal = temperatures(word)
        hot = self._broken(word) or self._linearised(line, internal)
        values: dict[str, float | DriverError] = {"temperature": hot, "internal": internal}
        return checked(self.channels, values, self._port.where)

    def _linearised(self, line: float, internal: float) -> float | DriverError:
        """Return °C after ITS-90 of what the chip took for a straight line."""
        found = linearised(self._kind, line, internal)
        if found is not None:
            return found
        what = f"{line:g} °C by the chip's straight line is beyond type {self._kind}"
        return OutOfRange(self._port.where, what, "is `thermocouple` its type?")

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


def temperatures(word: int) -> tuple[float, float]:
    """Return °C of the hot end by the chip's straight line, and of its cold junction, itself.

    Examples of the datasheet: tables 4 and 5.
    """
    hot, cold = signed(word >> 18, 14), signed(word >> 4 & 0xFFF, 12)
    return hot * STEP, cold * 0.0625


def linearised(kind: ThermocoupleType, line: float, internal: float) -> float | None:
    """Return °C after ITS-90; None beyond the type's range, or if the chip itself is too cold.

    The chip adds its own temperature to what it makes of the voltage between both ends.
    """
    if not CURVES[kind].low <= internal <= CURVES[kind].high:
        return None
    voltage = SENSITIVITIES[kind] * (line - internal)
    return celsius(kind, voltage + millivolts(kind, internal))


def coarsest_step(kind: ThermocoupleType) -> float:
    """Return by how many °C one step of the chip differs where the type is least sensitive."""
    lowest = CURVES[kind].lowest
    next_one = celsius(kind, lowest + SENSITIVITIES[kind] * STEP)
    return (CURVES[kind].low if next_one is None else next_one) - CURVES[kind].low


def signed(code: int, bits: int) -> int:
    """Return what a number in two's complement is."""
    return code - (1 << bits) if code >> bits - 1 else code
