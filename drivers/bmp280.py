"""Bosch BMP280 pressure and temperature sensor (datasheet BST-BMP280-DS001).

The chip has no checksum. After a forced conversion it sleeps and its registers stand still, so
two reads must agree. What the BME280 shares with it is here as functions.
"""

import struct
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import (
    RESET,
    RESET_WORD,
    expect,
    filter_bits,
    identity,
    per_quantity,
    read_steady,
    renewed,
)
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady
from drivers.base.i2c import I2CPort

# Registers, §4.2
TRIM = 0x88
STATUS = 0xF3
CTRL_MEAS = 0xF4
CONFIG = 0xF5

RESET_SECONDS = 0.002  # table 2, start-up time
RESET_POLLS = 5
IM_UPDATE, MEASURING = 0x01, 0x08  # bits of the status
FORCED = 0x01
# A forced conversion ignores the standby time: 62.5 ms there is a mark that lives until power fails
MARK = 0x20
SKIPPED = 0x80000  # the code of a conversion that never ran, §4.3.6

Oversampling = Literal[1, 2, 4, 8, 16]
SETTINGS: dict[Oversampling, int] = {1: 1, 2: 2, 4: 3, 8: 4, 16: 5}  # table 4
Filter = Literal[1, 2, 4, 8, 16]


class Trim(NamedTuple):
    """The factory's calibration: registers 0x88 to 0x9F (table 17)."""

    t1: int
    t2: int
    t3: int
    p1: int
    p2: int
    p3: int
    p4: int
    p5: int
    p6: int
    p7: int
    p8: int
    p9: int


class BMP280:
    """Bosch BMP280 pressure and temperature sensor (datasheet BST-BMP280-DS001)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x76, 0x77)
    channels = (
        Channel("temperature", "°C", -40, 85, 0.01),
        Channel("atmospheric_pressure", "hPa", 300, 1100, 0.0262, needs=("temperature",)),
    )
    _trim: Trim  # `setup` reads it

    def __init__(
        self,
        port: I2CPort,
        *,
        oversampling: Oversampling = 1,
        temperature_oversampling: Oversampling | None = None,
        pressure_oversampling: Oversampling | None = None,
        filter: Filter = 1,  # noqa: A002 - the datasheet's word
    ) -> None:
        """`oversampling`: of the quantities that have none of their own.

        `filter`: how many measurements a gust or a slammed door is spread over; 1: none.
        """
        self._port = port
        t, p = per_quantity(oversampling, temperature_oversampling, pressure_oversampling)
        self._ctrl_meas = ctrl_meas(t, p)
        self._config = MARK | filter_bits(filter)
        self._seconds = (1.25 + 2.3 * t + 2.3 * p + 0.575) / 1000  # §3.8.1
        self._last = b""

    def identify(self) -> Identity | None:
        """Read the chip id."""
        return identity(self._port, "BMP280")

    def setup(self) -> Steps[None]:
        """Reset the chip, read its trim, leave the mark; raise `WrongChip` for a relative."""
        expect(self._port, "BMP280")
        yield from reset(self._port)
        self._trim = unpack_trim(read_steady(self._port, TRIM, 24), self._port.where)
        self._port.write(bytes([CONFIG, self._config]))

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        frame = self._last = yield from renewed(self._last, self._measured)
        _, values = convert(self._trim, frame, self._port.where)
        return checked(self.channels, values, self._port.where)

    def _measured(self) -> Steps[bytes]:
        """Measure and return registers 0xF3..0xFC."""
        self._port.write(bytes([CTRL_MEAS, self._ctrl_meas | FORCED]))
        yield self._seconds
        frame = read_steady(self._port, STATUS, 10)
        refuse_unfinished(frame, self._ctrl_meas, self._config, self._port.where)
        return frame


def ctrl_meas(temperature: Oversampling, pressure: Oversampling) -> int:
    """Return the register for the samples of both quantities, in sleep mode."""
    return SETTINGS[temperature] << 5 | SETTINGS[pressure] << 2


def reset(port: I2CPort) -> Steps[None]:
    """Reset the chip and wait until it has copied its trim; raise `NotReady`."""
    port.write(bytes([RESET, RESET_WORD]))
    for _ in range(RESET_POLLS):
        yield RESET_SECONDS
        if not port.write_read(bytes([STATUS]), 1)[0] & IM_UPDATE:
            return
    raise NotReady(port.where, "does not come out of reset", "check wiring and power")


def unpack_trim(block: bytes, where: str) -> Trim:
    """Unpack registers 0x88..0x9F; raise `DeadFrame` if the pressure's divisor is missing."""
    trim = Trim(*struct.unpack("<HhhHhhhhhhhh", block))
    if trim.p1 == 0:
        raise DeadFrame(where, "the chip has no calibration (dig_P1 is 0)", "replace it")
    return trim


def refuse_unfinished(frame: bytes, wanted: int, wanted_config: int, where: str) -> None:
    """Raise `NotReady` or `LostConfiguration` if registers 0xF3.. say so."""
    status, measuring, config = frame[:3]
    if status & MEASURING:
        raise NotReady(
            where,
            "still measuring after the datasheet's longest time",
            "does another program use this chip?",
        )
    if status & IM_UPDATE or measuring != wanted or config & 0xFC != wanted_config:
        raise LostConfiguration(
            where,
            f"configured {wanted:02x} {wanted_config:02x}, holds {measuring:02x} {config:02x}",
        )


def convert(trim: Trim, frame: bytes, where: str) -> tuple[float, dict[str, float]]:
    """Return t_fine and the values of registers 0xF3..0xFC; raise `LostConfiguration`."""
    pressure_code, temperature_code = code20(frame[4:7]), code20(frame[7:10])
    if SKIPPED in (pressure_code, temperature_code):
        raise LostConfiguration(where, "a conversion was skipped (code 80000)")
    fine = fine_temperature(trim, temperature_code)
    values = {
        "temperature": fine / 5120,
        "atmospheric_pressure": pressure(trim, pressure_code, fine) / 100,
    }
    return fine, values


def code20(data: bytes) -> int:
    """Return the 20 bits of three registers: msb, lsb, xlsb."""
    return int.from_bytes(data, "big") >> 4


def fine_temperature(trim: Trim, code: int) -> float:
    """Return t_fine, which is 5120 per °C (§8.1)."""
    distance = code / 16384 - trim.t1 / 1024
    return distance * trim.t2 + (distance / 8) ** 2 * trim.t3


def pressure(trim: Trim, code: int, fine: float) -> float:
    """Return Pa (§8.1); 0 if the trim has no answer, as there."""
    var1 = fine / 2 - 64000
    var2 = var1 * var1 * trim.p6 / 32768 + var1 * trim.p5 * 2
    var2 = var2 / 4 + trim.p4 * 65536
    var1 = (trim.p3 * var1 * var1 / 524288 + trim.p2 * var1) / 524288
    var1 = (1 + var1 / 32768) * trim.p1
    if var1 == 0:
        return 0.0
    p = (1048576 - code - var2 / 4096) * 6250 / var1
    return p + (trim.p9 * p * p / 2147483648 + p * trim.p8 / 32768 + trim.p7) / 16
