"""Maxim MAX31856 thermocouple-to-digital converter (datasheet 19-7534, revision 0).

It has no identification and no checksum. What guards its values: all of its settings are read back
with each result, a conversion on command is still marked until it has ended, and three reads agree.
"""

from dataclasses import replace
from typing import ClassVar, Literal

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import (
    BadChecksum,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.registers import refuse_changed, refuse_dead, signed
from drivers.base.spi import SPIPort

MODE, HERTZ = 1, 1_000_000  # or mode 3; 5 MHz at most

# Registers, table 6: configuration 0 and 1, mask, thresholds, offset; cold, hot, faults
SIZE = 16
WRITE = 0x80
SETTINGS = slice(0, 10)
NO_LIMITS = bytes.fromhex("ff 7f c0 7f ff 80 00 00")  # mask to offset, as at power-on
ONE_SHOT, OPEN_DETECTION, FIFTY = 0x40, 0x10, 0x01  # for thermocouples of less than 5 kΩ
COLD_RANGE = 0x80
FAULTS = {
    0x01: ("the thermocouple is open", "check that both of its wires are connected"),
    0x02: ("an input is above the supply or below ground", "insulate the tip of the thermocouple"),
    0x40: ("the thermocouple is beyond its range", "is `thermocouple` its type?"),
}

# Seconds of one conversion, with the detection of an open wire, and of each further sample; longest
CONVERSIONS = {50: (0.185 + 0.044, 0.040), 60: (0.155 + 0.044, 0.0334)}
AVERAGES = {1: 0x00, 2: 0x10, 4: 0x20, 8: 0x30, 16: 0x40}
MARGIN = 1.1  # the longest time of a further sample is not given

ThermocoupleLetter = Literal["B", "E", "J", "K", "N", "R", "S", "T"]
RANGES: dict[ThermocoupleLetter, tuple[float, float]] = {  # °C that it linearises (table 1)
    "B": (250, 1820),
    "E": (-200, 1000),
    "J": (-210, 1200),
    "K": (-200, 1372),
    "N": (-200, 1300),
    "R": (-50, 1768),
    "S": (-50, 1768),
    "T": (-200, 400),
}


class MAX31856:
    """Maxim MAX31856 converter for thermocouples of all types (datasheet 19-7534 rev 0)."""

    bus: ClassVar[BusKind] = "spi"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "another type of thermocouple than `thermocouple` says",
            "a look at the colours of the wires",
        ),
    )
    channels: tuple[Channel, ...] = (
        Channel("temperature", "°C", -210, 1820, 1 / 128, needs=("internal",)),
        Channel("internal", "°C", -55, 125, 1 / 64, "temperature"),
    )

    def __init__(
        self,
        port: SPIPort,
        *,
        thermocouple: ThermocoupleLetter = "K",
        filter: Literal[50, 60] = 50,  # noqa: A002 - the datasheet's word
        averaging: Literal[1, 2, 4, 8, 16] = 1,
    ) -> None:
        """`filter`: the mains' Hz; `averaging`: samples of one measurement."""
        self._port = port
        first = OPEN_DETECTION | (FIFTY if filter == 50 else 0)
        second = AVERAGES[averaging] | list(RANGES).index(thermocouple)
        self._settings = bytes([first, second]) + NO_LIMITS
        one, another = CONVERSIONS[filter]
        self._seconds = MARGIN * (one + another * (averaging - 1))
        hot, internal = type(self).channels
        low, high = RANGES[thermocouple]
        self.channels = (replace(hot, low=low, high=high), internal)

    def setup(self) -> Steps[None]:
        """Let it convert on command only; read back what is set."""
        self._port.configure(mode=MODE, hertz=HERTZ)
        self._port.transfer(bytes([WRITE]) + self._settings)
        held = self._registers()
        if held[SETTINGS] != self._settings:
            what = f"no MAX31856: wrote {self._settings.hex(' ')}, holds {held[SETTINGS].hex(' ')}"
            raise WrongChip(self._port.where, what, "check the wiring, and `select`")
        yield self._seconds  # of a conversion that was broken off

    def measure(self) -> Steps[Values]:
        """Convert once; a broken thermocouple has no value, but the chip itself has."""
        self._port.transfer(bytes([WRITE, self._settings[0] | ONE_SHOT]))
        if self._registers()[0] != self._settings[0] | ONE_SHOT:
            raise LostConfiguration(self._port.where, "it has not begun to convert")
        yield self._seconds
        frame = self._steady()
        if frame[0] == self._settings[0] | ONE_SHOT:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        refuse_changed(frame[SETTINGS], self._settings, self._port.where)
        hot, internal = temperatures(frame)
        values: dict[str, float | DriverError] = {
            "temperature": self._broken(frame[15]) or hot,
            "internal": self._too_cold(frame[15]) or internal,
        }
        return checked(self.channels, values, self._port.where)

    def _steady(self) -> bytes:
        frame, *others = (self._registers() for _ in range(READS))
        if set(others) != {frame}:
            raise BadChecksum(
                self._port.where, "reads of one result differ", "check cable length and ground"
            )
        return frame

    def _registers(self) -> bytes:
        frame = self._port.transfer(bytes(1 + SIZE))[1:]
        refuse_dead(frame, self._port.where)
        return frame

    def _broken(self, status: int) -> OutOfRange | None:
        for bit, (what, remedy) in FAULTS.items():
            if status & bit:
                return OutOfRange(self._port.where, what, remedy)
        return None

    def _too_cold(self, status: int) -> OutOfRange | None:
        if status & COLD_RANGE:
            return OutOfRange(self._port.where, "the chip itself is beyond -55 to 125 °C")
        return None


def temperatures(frame: bytes) -> tuple[float, float]:
    """Return °C of the hot end, and of the chip itself (tables 2 and 4).

    Examples: 64 00 00 is 1600 °C, 06 4F 00 is 100.9375 °C, FF F0 00 is -1 °C; 7F 00 is 127 °C.
    """
    hot, cold = int.from_bytes(frame[12:15]) >> 5, int.from_bytes(frame[10:12]) >> 2
    return signed(hot, 19) / 128, signed(cold, 14) / 64
