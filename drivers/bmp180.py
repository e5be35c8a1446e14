"""Bosch BMP180 pressure and temperature sensor (datasheet BST-BMP180-DS000 revision 2.5).

The chip has no checksum and no configuration: each conversion is one command, which stands in
`ctrl_meas` until the next one and shows there that it ended, and that no brown-out came between.
"""

import struct
from functools import partial
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import RESET, RESET_WORD, expect, identity, read_steady, renewed
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady
from drivers.base.i2c import I2CPort
from drivers.bmp280 import CTRL_MEAS

TRIM, TRIM_BYTES = 0xAA, 22  # §3.4, table 5
OUT = 0xF6

START_UP_SECONDS = 0.010  # table 1
CONVERTING = 0x20  # sco
TEMPERATURE, PRESSURE = 0x2E, 0x34  # with sco, table 8
TEMPERATURE_SECONDS = 0.0045

Oversampling = Literal[1, 2, 4, 8]
SETTINGS: dict[Oversampling, int] = {1: 0, 2: 1, 4: 2, 8: 3}  # oss, table 8
SECONDS = (0.0045, 0.0075, 0.0135, 0.0255)  # by oss, at most


class Trim(NamedTuple):
    """The factory's calibration: registers 0xAA to 0xBF (table 5)."""

    ac1: int
    ac2: int
    ac3: int
    ac4: int
    ac5: int
    ac6: int
    b1: int
    b2: int
    mb: int
    mc: int
    md: int


class BMP180:
    """Bosch BMP180 pressure and temperature sensor (datasheet BST-BMP180-DS000 revision 2.5).

    The BMP085, its predecessor, has the same registers and the same id.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x77,)
    channels = (
        Channel("temperature", "°C", -40, 85, 0.1),
        # A code, and one of the temperature's
        Channel("atmospheric_pressure", "hPa", 300, 1100, 0.07, needs=("temperature",)),
    )
    _calibration: bytes  # `setup` reads it
    _trim: Trim

    def __init__(self, port: I2CPort, *, oversampling: Oversampling = 1) -> None:
        self._port = port
        self._oss = SETTINGS[oversampling]

    def identify(self) -> Identity | None:
        """Read the chip id."""
        return identity(self._port, "BMP180")

    def setup(self) -> Steps[None]:
        """Reset the chip and read its trim; raise `WrongChip` for a relative."""
        expect(self._port, "BMP180")
        self._port.write(bytes([RESET, RESET_WORD]))
        yield START_UP_SECONDS
        self._calibration = read_steady(self._port, TRIM, TRIM_BYTES)
        self._trim = unpack_trim(self._calibration, self._port.where)

    def measure(self) -> Steps[Values]:
        """Measure the temperature, then the pressure, which depends on it."""
        ut = (yield from self._convert(TEMPERATURE, TEMPERATURE_SECONDS)) >> 8
        up = yield from self._convert(PRESSURE | self._oss << 6, SECONDS[self._oss])
        self._refuse_exchanged()
        b5 = warmth(self._trim, ut)
        pascal = pressure(self._trim, up >> 8 - self._oss, b5, self._oss)
        values = {"temperature": temperature(b5), "atmospheric_pressure": pascal / 100}
        return checked(self.channels, values, self._port.where)

    def _refuse_exchanged(self) -> None:
        """Raise `LostConfiguration` if another chip answers: it has no register for a mark."""
        if self._port.write_read(bytes([TRIM]), TRIM_BYTES) != self._calibration:
            what = "its calibration is another: was the chip exchanged?"
            raise LostConfiguration(self._port.where, what, "it is set up again")

    def _convert(self, command: int, seconds: float) -> Steps[int]:
        """Convert, and return registers 0xF6 to 0xF8."""
        before = read_steady(self._port, CTRL_MEAS, 5)
        if before[0] & CONVERTING:  # whose result would it be?
            raise NotReady(self._port.where, "busy", "does another program use this chip?")
        # The other quantity stands there still: the same code again may be no conversion
        converted = partial(self._converted, command, seconds)
        return int.from_bytes((yield from renewed(before[2:], converted)), "big")

    def _converted(self, command: int, seconds: float) -> Steps[bytes]:
        """Send a command, and return its result."""
        self._port.write(bytes([CTRL_MEAS, command]))
        yield seconds
        frame = read_steady(self._port, CTRL_MEAS, 5)
        if frame[0] == command:
            raise NotReady(self._port.where, "still converting after the datasheet's longest time")
        if frame[0] != command & ~CONVERTING:
            raise LostConfiguration(
                self._port.where, f"its control register is {frame[0]:02x} instead of {command:02x}"
            )
        return frame[2:]


def unpack_trim(block: bytes, where: str) -> Trim:
    """Unpack registers 0xAA..0xBF; raise `DeadFrame` for a word that no chip holds (§3.4)."""
    if {0x0000, 0xFFFF} & set(struct.unpack(">11H", block)):
        raise DeadFrame(
            where, f"no calibration: {block.hex(' ', 2)}", "check wiring, or replace it"
        )
    return Trim(*struct.unpack(">hhhHHHhhhhh", block))


def warmth(trim: Trim, ut: int) -> int:
    """Return B5, which is 160 per °C (§3.5, figure 4: 27898 → 2399)."""
    x1 = (ut - trim.ac6) * trim.ac5 >> 15
    # No element is so cold that the divisor changes its sign: then the result is far out of range
    return x1 + (trim.mc << 11) // max(x1 + trim.md, 1)


def temperature(b5: int) -> float:
    """Return °C (§3.5, figure 4: 2399 → 15.0)."""
    return (b5 + 8 >> 4) / 10


def pressure(trim: Trim, up: int, b5: int, oss: int) -> int:
    """Return Pa (§3.5, figure 4: 23843 at B5 = 2399, oss = 0 → 69964).

    In whole numbers as there, where every shift rounds down: they are what trims are made for.
    """
    b6 = b5 - 4000
    square = b6 * b6 >> 12
    x3 = (trim.b2 * square >> 11) + (trim.ac2 * b6 >> 11)
    b3 = ((trim.ac1 * 4 + x3 << oss) + 2) // 4
    x3 = ((trim.ac3 * b6 >> 13) + (trim.b1 * square >> 16) + 2) >> 2
    b4 = trim.ac4 * (x3 + 32768) >> 15
    p = 2 * (up - b3) * (50000 >> oss) // max(b4, 1)
    bend = ((p >> 8) ** 2 * 3038 >> 16) + (-7357 * p >> 16)
    return p + (bend + 3791 >> 4)
