"""Bosch BME280 humidity, pressure and temperature sensor (datasheet BST-BME280-DS002).

A BMP280 with a humidity sensor beside it: see there for what both do.
"""

from typing import ClassVar, NamedTuple

from drivers import bmp280
from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import expect, filter_bits, identity, per_quantity, read_steady, renewed
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DriverError, LostConfiguration
from drivers.base.humidity import cropped
from drivers.base.i2c import I2CPort
from drivers.bmp280 import (
    CONFIG,
    CTRL_MEAS,
    FORCED,
    MARK,
    SETTINGS,
    TRIM,
    Filter,
    Oversampling,
    Trim,
)

TRIM_H2 = 0xE1
CTRL_HUM = 0xF2
SKIPPED = 0x8000  # §5.4.9: the code of a conversion that never ran


class HumidityTrim(NamedTuple):
    """The factory's calibration: registers 0xA1 and 0xE1 to 0xE7 (table 16)."""

    h1: int
    h2: int
    h3: int
    h4: int
    h5: int
    h6: int


class BME280:
    """Bosch BME280 humidity, pressure and temperature sensor (datasheet BST-BME280-DS002)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x76, 0x77)
    channels = (
        *bmp280.BMP280.channels,
        Channel("humidity", "%", 0, 100, 0.01, needs=("temperature",)),
    )
    _trim: Trim  # `setup` reads both
    _humidity_trim: HumidityTrim

    def __init__(
        self,
        port: I2CPort,
        *,
        oversampling: Oversampling = 1,
        temperature_oversampling: Oversampling | None = None,
        pressure_oversampling: Oversampling | None = None,
        humidity_oversampling: Oversampling | None = None,
        filter: Filter = 1,  # noqa: A002 - the datasheet's word
    ) -> None:
        """`oversampling`: of the quantities that have none of their own.

        `filter`: how many measurements a gust or a slammed door is spread over, in temperature and
        pressure; 1: none.
        """
        self._port = port
        t, p, h = per_quantity(
            oversampling, temperature_oversampling, pressure_oversampling, humidity_oversampling
        )
        self._ctrl_meas = bmp280.ctrl_meas(t, p)
        self._config = MARK | filter_bits(filter)
        self._ctrl_hum = SETTINGS[h]
        self._seconds = (1.25 + 2.3 * (t + p + h) + 2 * 0.575) / 1000  # §9.1
        self._last = b""

    def identify(self) -> Identity | None:
        """Read the chip id."""
        return identity(self._port, "BME280")

    def setup(self) -> Steps[None]:
        """Reset the chip, read its trim, leave the mark; raise `WrongChip` for a relative."""
        expect(self._port, "BME280")
        yield from bmp280.reset(self._port)
        block = read_steady(self._port, TRIM, 26)
        self._trim = bmp280.unpack_trim(block[:24], self._port.where)
        rest = read_steady(self._port, TRIM_H2, 7)
        self._humidity_trim = unpack_humidity_trim(block[25], rest)
        self._port.write(bytes([CONFIG, self._config]))

    def measure(self) -> Steps[Values]:
        """Measure all three, at one moment."""
        frame = self._last = yield from renewed(self._last, self._measured)
        fine, converted = bmp280.convert(self._trim, frame[1:], self._port.where)
        values: dict[str, float | DriverError] = {**converted}
        percent = humidity(self._humidity_trim, self._humidity_code(frame), fine)
        values["humidity"] = cropped(percent, self._port.where)
        return checked(self.channels, values, self._port.where)

    def _measured(self) -> Steps[bytes]:
        """Measure and return registers 0xF2..0xFE."""
        self._port.write(bytes([CTRL_HUM, self._ctrl_hum]))
        self._port.write(bytes([CTRL_MEAS, self._ctrl_meas | FORCED]))  # ctrl_hum counts from here
        yield self._seconds
        frame = read_steady(self._port, CTRL_HUM, 13)
        bmp280.refuse_unfinished(frame[1:], self._ctrl_meas, self._config, self._port.where)
        return frame

    def _humidity_code(self, frame: bytes) -> int:
        """Return the code of registers 0xF2..0xFE; raise `LostConfiguration`."""
        code = int.from_bytes(frame[11:13], "big")
        if frame[0] & 0x07 != self._ctrl_hum or code == SKIPPED:
            raise LostConfiguration(self._port.where, "the humidity's conversion was skipped")
        return code


def unpack_humidity_trim(h1: int, rest: bytes) -> HumidityTrim:
    """Unpack register 0xA1 and registers 0xE1..0xE7; h4 and h5 share one, 12 bits signed each."""
    return HumidityTrim(
        h1=h1,
        h2=int.from_bytes(rest[0:2], "little", signed=True),
        h3=rest[2],
        h4=int.from_bytes(rest[3:4], signed=True) * 16 + (rest[4] & 0x0F),
        h5=int.from_bytes(rest[5:6], signed=True) * 16 + (rest[4] >> 4),
        h6=int.from_bytes(rest[6:7], signed=True),
    )


def humidity(trim: HumidityTrim, code: int, fine: float) -> float:
    """Return %, not cropped yet (§8.1); not as Bosch's API, which has h3 in it twice."""
    x = fine - 76800
    slope = trim.h2 / 65536 * (1 + trim.h6 / 67108864 * x * (1 + trim.h3 / 67108864 * x))
    h = (code - (trim.h4 * 64 + trim.h5 / 16384 * x)) * slope
    return h * (1 - trim.h1 * h / 524288)
