"""Bosch BMP384, BMP388 and BMP390 pressure and temperature sensors (BST-BMP388-DS001, rev 1.1).

The chip has no checksum. After a forced conversion it sleeps and its registers stand still, so
three reads must agree; two flags say that the results are new, and go when these are read.
"""

import struct
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import filter_bits, per_quantity, read_steady
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_changed

# Registers, §4.2
CHIP_ID, STATUS, DATA, PWR_CTRL, OSR, CONFIG, TRIM, CMD = (
    0x00,
    0x03,
    0x04,
    0x1B,
    0x1C,
    0x1F,
    0x31,
    0x7E,
)
CHIPS = {0x50: "BMP388", 0x60: "BMP390"}  # a BMP384 says that it is a BMP388
RESET, START_SECONDS = 0xB6, 0.002
COMMAND_READY, BOTH_READY = 0x10, 0x60  # bits of the status
ENABLED, FORCED = 0x03, 0x13  # both sensors; once
SLOWEST = 1.15  # times the typical time (table 24: 4.97 ms may be 5.7 ms)

Oversampling = Literal[1, 2, 4, 8, 16, 32]
SETTINGS: dict[Oversampling, int] = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 32: 5}


class Trim(NamedTuple):
    """The factory's calibration, scaled as in §9.1; a letter is a quantity, a number its place."""

    t1: float
    t2: float
    t3: float
    p1: float
    p2: float
    p3: float
    p4: float
    p5: float
    p6: float
    p7: float
    p8: float
    p9: float
    p10: float
    p11: float


POWERS = (-8, 30, 48, 20, 29, 32, 37, -3, 6, 8, 15, 48, 48, 65)  # of two; P1 and P2 less 2^14


class BMP3xx:
    """Bosch BMP384, BMP388 or BMP390 pressure and temperature sensor (BST-BMP388-DS001)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x77, 0x76)
    channels = (
        Channel("temperature", "°C", -40, 85, 0.005),
        Channel("atmospheric_pressure", "hPa", 300, 1250, 0.0264, needs=("temperature",)),
    )
    _trim: Trim  # `setup` reads it

    def __init__(
        self,
        port: I2CPort,
        *,
        oversampling: Oversampling = 1,
        temperature_oversampling: Oversampling | None = None,
        pressure_oversampling: Oversampling | None = None,
        filter: Literal[1, 2, 4, 8, 16, 32, 64, 128] = 1,  # noqa: A002 - the datasheet's word
    ) -> None:
        """`oversampling`: of the quantities that have none of their own.

        `filter`: how many measurements a gust or a slammed door is spread over; 1: none.
        """
        self._port = port
        self._filter = filter_bits(filter, 1)
        t, p = per_quantity(oversampling, temperature_oversampling, pressure_oversampling)
        # 1 and 4 are those of power-on: a brown-out then changes nothing
        self._osr = SETTINGS[t] << 3 | SETTINGS[p]
        self._seconds = SLOWEST * (0.000789 + 0.00202 * (t + p))  # §3.9.2

    def identify(self) -> Identity | None:
        """Read the chip id; an ENS160 has the same number there, but no ready flag for commands."""
        chip = CHIPS.get(self._port.write_read(bytes([CHIP_ID]), 1)[0])
        return Identity(chip, certain=bool(self._status() & COMMAND_READY)) if chip else None

    def setup(self) -> Steps[None]:
        """Reset the chip, read its trim, set its oversampling; raise `WrongChip` for another."""
        chip_id = read_steady(self._port, CHIP_ID, 1)[0]
        if chip_id not in CHIPS:
            raise WrongChip(self._port.where, f"no BMP388 or BMP390: its id is 0x{chip_id:02x}")
        self._port.write(bytes([CMD, RESET]))
        yield START_SECONDS
        if not self._status() & COMMAND_READY:
            raise NotReady(self._port.where, "does not come out of reset", "check its supply")
        self._trim = unpack_trim(read_steady(self._port, TRIM, 21))
        for register, value in ((OSR, self._osr), (CONFIG, self._filter)):
            self._port.write(bytes([register, value]))

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        self._port.write_read(bytes([DATA]), 6)  # clears the flags of an older result
        self._port.write(bytes([PWR_CTRL, FORCED]))
        yield self._seconds
        status, frame = self._status(), read_steady(self._port, DATA, 6)
        self._refuse_unfinished(status)
        celsius = temperature(self._trim, int.from_bytes(frame[3:], "little"))
        pascal = pressure(self._trim, int.from_bytes(frame[:3], "little"), celsius)
        values = {"temperature": celsius, "atmospheric_pressure": pascal / 100}
        return checked(self.channels, values, self._port.where)

    def _refuse_unfinished(self, status: int) -> None:
        """Raise `LostConfiguration` or `NotReady` if the registers say so."""
        power, *settings = self._port.write_read(bytes([PWR_CTRL]), 3)
        filtered = self._port.write_read(bytes([CONFIG]), 1)
        wanted = bytes([self._osr, 0, self._filter])
        refuse_changed(bytes(settings) + filtered, wanted, self._port.where)
        if status & BOTH_READY != BOTH_READY:
            raise NotReady(
                self._port.where,
                "no result after the datasheet's longest time",
                "does another program use this chip?",
            )
        refuse_changed(bytes([power]), bytes([ENABLED]), self._port.where)

    def _status(self) -> int:
        return self._port.write_read(bytes([STATUS]), 1)[0]


def unpack_trim(block: bytes) -> Trim:
    """Unpack and scale registers 0x31..0x45 (§9.1)."""
    raw = list(struct.unpack("<HHbhhbbHHbbhbb", block))
    raw[3], raw[4] = raw[3] - 2**14, raw[4] - 2**14
    return Trim(*(number / 2.0**power for number, power in zip(raw, POWERS, strict=True)))


def temperature(trim: Trim, code: int) -> float:
    """Return °C (§9.2)."""
    distance = code - trim.t1
    return distance * trim.t2 + distance**2 * trim.t3


def pressure(trim: Trim, code: int, celsius: float) -> float:
    """Return Pa (§9.3)."""
    offset = trim.p5 + trim.p6 * celsius + trim.p7 * celsius**2 + trim.p8 * celsius**3
    slope = trim.p1 + trim.p2 * celsius + trim.p3 * celsius**2 + trim.p4 * celsius**3
    bend = (trim.p9 + trim.p10 * celsius) * code**2 + trim.p11 * code**3
    return offset + slope * code + bend
