"""Bosch BME680 and BME688 gas, humidity, pressure and temperature sensor (BST-BME680-DS001-08).

The gas channel is the resistance of a heated metal oxide, in Ω: more is cleaner air. An index of
air quality is Bosch's closed library, and not here. There is no checksum: everything is read
several times, beside a configuration that differs from the power-on values.
"""

import struct
from functools import partial
from typing import ClassVar, Literal, NamedTuple

from drivers import bmp280
from drivers.base.blindness import TWINS, Blindness
from drivers.base.bosch import (
    RESET,
    RESET_WORD,
    expect,
    filter_bits,
    identity,
    per_quantity,
    read_steady,
)
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked, value_or_error
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange
from drivers.base.humidity import cropped
from drivers.base.i2c import I2CPort
from drivers.base.metal_oxide import gas_wait, refuse_heater, resistance_high, resistance_low
from drivers.bmp280 import SETTINGS, Oversampling, code20

# Registers and bits, table 20
RES_HEAT, GAS_WAIT, CTRL_GAS_0, CTRL_GAS_1 = 0x5A, 0x64, 0x70, 0x71
CTRL_HUM, CTRL_MEAS, CONFIG = 0x72, 0x74, 0x75
HEATER_ON = 0x00
STATUS, TRIM_1, TRIM_2, HEATER_TRIM, VARIANT = 0x1D, 0x8A, 0xE1, 0x00, 0xF0
NEW_DATA, MEASURING = 0x80, 0x60
RUN_GAS = {0: 0x10, 1: 0x20}  # BME680, BME688
GAS = {0: 13, 1: 15}  # where its two registers are in what is read
COUNT = 17
GAS_VALID, HEATER_STABLE = 0x20, 0x10
CLIPPED = (0, 1023)
FORCED = 0x01
RESET_SECONDS = 0.010
AMBIENT = 25.0  # °C: some degrees change the heater's by little
SKIPPED_20, SKIPPED_16 = 0x80000, 0x8000


class Trim(NamedTuple):
    """What the chip was calibrated with (tables 11 to 14)."""

    t: tuple[int, ...]
    p: tuple[int, ...]
    h: tuple[int, ...]
    g: tuple[int, ...]
    heater_range: int
    heater_value: int
    switching_error: int


class BME680:
    """Bosch BME680 or BME688 gas, humidity, pressure and temperature sensor (BST-BME680-DS001)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x76, 0x77)
    channels = (
        Channel("temperature", "°C", -40, 85, 0.01),
        Channel("atmospheric_pressure", "hPa", 300, 1100, 0.06, needs=("temperature",)),
        Channel("humidity", "%", 0, 100, 0.02, needs=("temperature",)),
        # The ends of both chips' formulas, codes 1 and 1022: clean air has some MΩ
        Channel("gas", "Ω", 170, 102_000_000, 1, "resistance", relative=0.0013),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        oversampling: Oversampling = 1,
        temperature_oversampling: Oversampling | None = None,
        pressure_oversampling: Oversampling | None = None,
        humidity_oversampling: Oversampling | None = None,
        filter: Literal[1, 2, 4, 8, 16, 32, 64, 128] = 1,  # noqa: A002 - the datasheet's word
        heater_temperature: int = 320,
        heater_ms: int = 150,
    ) -> None:
        """`oversampling`: of the quantities that have none of their own.

        `heater_temperature`: °C, 200 to 400; `heater_ms`: how long, 20 to 1000 ms. `filter`: how
        many measurements a gust is spread over, in temperature and pressure; 1: none.
        """
        refuse_heater(heater_temperature, heater_ms)
        self._port = port
        t, p, h = per_quantity(
            oversampling, temperature_oversampling, pressure_oversampling, humidity_oversampling
        )
        self._ctrl_meas = bmp280.ctrl_meas(t, p)
        self._ctrl_hum = SETTINGS[h]
        self._filter = filter_bits(filter)
        self._celsius = heater_temperature
        self._wait = gas_wait(heater_ms)
        self._seconds = (2.3 * (t + p + h) + 7.5) / 1000 + 1.1 * heater_ms / 1000

    def identify(self) -> Identity | None:
        """Read the chip id."""
        return identity(self._port, "BME680")

    def setup(self) -> Steps[None]:
        """Reset the chip, read its trim, and configure what a brown-out would clear."""
        expect(self._port, "BME680")
        self._port.write(bytes([RESET, RESET_WORD]))
        yield RESET_SECONDS
        self._trim = unpack_trim(
            read_steady(self._port, TRIM_1, 23),
            read_steady(self._port, TRIM_2, 14),
            read_steady(self._port, HEATER_TRIM, 5),
        )
        self._variant = self._read_variant()
        heat = resistance_of(self._trim, self._celsius, AMBIENT)
        self._configuration = {
            RES_HEAT: heat,
            GAS_WAIT: self._wait,
            CTRL_GAS_0: HEATER_ON,
            CTRL_GAS_1: RUN_GAS[self._variant],
            CTRL_HUM: self._ctrl_hum,
            CONFIG: self._filter,
            CTRL_MEAS: self._ctrl_meas,
        }
        for register, value in self._configuration.items():
            self._port.write(bytes([register, value]))
        self._make_sure()

    def measure(self) -> Steps[Values]:
        """Measure all four, one after the other."""
        if self._measuring():
            raise NotReady(self._port.where, "busy", "does another program use this chip?")
        self._make_sure()
        self._port.write(bytes([CTRL_MEAS, self._ctrl_meas | FORCED]))
        if not self._measuring():
            raise NotReady(self._port.where, "no measurement began")
        yield self._seconds
        frame = read_steady(self._port, STATUS, COUNT)
        if frame[0] & (NEW_DATA | MEASURING) != NEW_DATA:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        self._make_sure()
        return checked(self.channels, self._values(frame), self._port.where)

    def _measuring(self) -> bool:
        return bool(self._port.write_read(bytes([STATUS]), 1)[0] & MEASURING)

    def _values(self, frame: bytes) -> Values:
        pressure_code, temperature_code = code20(frame[2:5]), code20(frame[5:8])
        humidity_code = int.from_bytes(frame[8:10])
        skipped = SKIPPED_20 in {pressure_code, temperature_code}
        if skipped or humidity_code == SKIPPED_16:
            raise LostConfiguration(self._port.where, "a conversion was skipped")
        fine = fine_temperature(self._trim.t, temperature_code)
        return {
            "temperature": fine / 5120,
            "atmospheric_pressure": pressure(self._trim.p, pressure_code, fine) / 100,
            "humidity": cropped(
                humidity(self._trim.h, humidity_code, fine / 5120), self._port.where
            ),
            "gas": value_or_error(partial(self._gas, frame), NotReady, OutOfRange),
        }

    def _gas(self, frame: bytes) -> float:
        registers = frame[GAS[self._variant] :][:2]
        if not registers[1] & GAS_VALID:
            raise NotReady(self._port.where, "the gas measurement is not valid")
        if not registers[1] & HEATER_STABLE:
            raise NotReady(
                self._port.where, "its heater did not reach the temperature", "raise `heater_ms`"
            )
        code, span = int.from_bytes(registers) >> 6, registers[1] & 0x0F
        if code in CLIPPED:
            raise OutOfRange(self._port.where, "the gas's resistance is beyond its ranges")
        if self._variant:
            return resistance_high(code, span)
        return resistance_low(code, span, self._trim.switching_error)

    def _read_variant(self) -> int:
        first, second = (self._port.write_read(bytes([VARIANT]), 1)[0] for _ in range(2))
        if first != second or first not in RUN_GAS:
            raise LostConfiguration(self._port.where, f"variants {first:02x} and {second:02x}")
        return first

    def _make_sure(self) -> None:
        for register, wanted in self._configuration.items():
            for _ in range(2):
                held = self._port.write_read(bytes([register]), 1)[0]
                if held != wanted:
                    what = f"register {register:02x} holds {held:02x} instead of {wanted:02x}"
                    raise LostConfiguration(self._port.where, what)


def unpack_trim(first: bytes, second: bytes, heater: bytes) -> Trim:
    """Unpack registers 0x8A.., 0xE1.. and 0x00..; h1 and h2 share one, 12 bits each."""
    t2, t3, p1, p2, p3, p4, p5, p7, p6, p8, p9, p10 = struct.unpack("<hbxHhbxhhbbxxhhB", first)
    h2 = second[0] << 4 | second[1] >> 4
    h1 = second[2] << 4 | second[1] & 0x0F
    h3, h4, h5, h6, h7, t1, g2, g1, g3 = struct.unpack("<bbbBbHhbb", second[3:])
    return Trim(
        t=(t1, t2, t3),
        p=(p1, p2, p3, p4, p5, p6, p7, p8, p9, p10),
        h=(h1, h2, h3, h4, h5, h6, h7),
        g=(g1, g2, g3),
        heater_range=heater[2] >> 4 & 3,
        heater_value=heater[0] - 256 if heater[0] & 0x80 else heater[0],
        switching_error=(heater[4] >> 4) - 16 if heater[4] & 0x80 else heater[4] >> 4,
    )


def fine_temperature(t: tuple[int, ...], code: int) -> float:
    """Return t_fine, which is 5120 per °C (§3.3.1)."""
    distance = code / 16384 - t[0] / 1024
    return distance * t[1] + (distance / 8) ** 2 * t[2] * 16


def pressure(p: tuple[int, ...], code: int, fine: float) -> float:
    """Return Pa (§3.3.2); 0 if the trim has no answer."""
    p1, p2, p3, p4, p5, p6, p7, p8, p9, p10 = p
    warm = fine / 2 - 64000
    offset = warm * warm * p6 / 131072 + warm * p5 * 2
    offset = offset / 4 + p4 * 65536
    slope = (p3 * warm * warm / 16384 + p2 * warm) / 524288
    slope = (1 + slope / 32768) * p1
    if slope == 0:
        return 0.0
    pascal = (1048576 - code - offset / 4096) * 6250 / slope
    bent = p9 * pascal * pascal / 2147483648 + pascal * p8 / 32768
    return pascal + (bent + (pascal / 256) ** 3 * p10 / 131072 + p7 * 128) / 16


def humidity(h: tuple[int, ...], code: int, celsius: float) -> float:
    """Return %, not cropped yet (§3.3.3)."""
    h1, h2, h3, h4, h5, h6, h7 = h
    distance = code - (h1 * 16 + h3 / 2 * celsius)
    slope = h2 / 262144 * (1 + h4 / 16384 * celsius + h5 / 1048576 * celsius**2)
    line = distance * slope
    return line + (h6 / 16384 + h7 / 2097152 * celsius) * line**2


def resistance_of(trim: Trim, target: float, ambient: float) -> int:
    """Return res_heat_0 for a heater of `target` °C (§3.3.5)."""
    g1, g2, g3 = trim.g
    slope = 1 + (g2 / 32768 * 0.0005 + 0.00235) * target
    wanted = (g1 / 16 + 49) * slope + g3 / 1024 * ambient
    scaled = wanted * 4 / (4 + trim.heater_range) / (1 + trim.heater_value * 0.002)
    return min(max(int(3.4 * (scaled - 25)), 0), 255)
