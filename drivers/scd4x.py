"""Sensirion SCD40/SCD41/SCD43 CO2, humidity and temperature sensor (datasheet version 1.6).

It measures every five seconds. While it does, it takes few commands: an agent that
restarts stops it first.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import ClassVar

from drivers.base.blindness import DEW, Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import (
    AmbientPressure,
    HeldSettings,
    Influence,
    Limit,
    Setting,
    check_options,
    standard_pressure,
)
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.sensirion import (
    asked,
    humidity,
    read_words,
    recognised,
    temperature,
    with_checksums,
)

# Commands, §3.5 to 3.11
WAKE_UP, STOP, SERIAL_NUMBER, START, READY, RESULT = (
    b"\x36\xf6",
    b"\x3f\x86",
    b"\x36\x82",
    b"\x21\xb1",
    b"\xe4\xb8",
    b"\xec\x05",
)
OFFSET, GET_OFFSET = b"\x24\x1d", b"\x23\x18"
ALTITUDE, GET_ALTITUDE = b"\x24\x27", b"\x23\x22"
PRESSURE = b"\xe0\x00"  # to set and to get
SELF_CALIBRATION, GET_SELF_CALIBRATION = b"\x24\x16", b"\x23\x13"
INFLUENCES = (
    Influence("altitude", GET_ALTITUDE, ALTITUDE),
    Influence("temperature_offset", GET_OFFSET, OFFSET),
    Influence("self_calibration", GET_SELF_CALIBRATION, SELF_CALIBRATION),
)
RECALIBRATE, RECALIBRATION_SECONDS, FAILED = b"\x36\x2f", 0.4, 0xFFFF
SETTLED = 180.0  # seconds of measurements in the same air before
LIMITS = {
    "altitude": Limit(0, 3000, "m"),
    "ambient_pressure": Limit(700, 1200, "hPa"),
    "temperature_offset": Limit(0, 20, "°C"),
}
REINITIALISE, REINITIALISE_SECONDS = b"\x36\x46", 0.03  # from its memory (§3.9.5)
WAKE_UP_SECONDS = 0.03
STOP_SECONDS = 0.5
ANSWER = 0.001
NEW = 0x07FF  # of the ready word: any of the low eleven bits
PERIOD, POLL = 5.0, 0.25
PRESSURE_STEP = 1  # hPa: it holds it without wear
LOOK = 30  # measurements: then it is stopped for a moment, to be asked for its settings


class SCD4x:
    """Sensirion SCD40, SCD41 or SCD43 CO2, humidity and temperature sensor (datasheet 1.6)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        DEW,
        Blindness(
            "an offset or an altitude that another program sets, for up to 30 measurements: it says"
            " neither while it measures",
            "one program for each chip",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x62,)
    deadline: ClassVar[float] = 12.0
    calibrates: ClassVar[tuple[float, float]] = (400, 2000)
    compensations: ClassVar[Mapping[str, str]] = {"ambient_pressure_from": "atmospheric_pressure"}
    channels = (
        Channel("carbon_dioxide", "ppm", 1, 40_000, 1),
        Channel("temperature", "°C", -10, 60, 175 / 65535),
        Channel("humidity", "%", 100 / 65535, 100, 100 / 65535),  # 0: the element is broken
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        altitude: int | None = None,
        ambient_pressure: int | None = None,
        ambient_pressure_from: str | None = None,
        temperature_offset: float | None = None,
        self_calibration: bool | None = None,
    ) -> None:
        """`altitude`: m, or `ambient_pressure`: hPa; `temperature_offset`: °C that it is warmed by.

        `ambient_pressure_from`: the channel that measures the pressure; while it has no value, the
        `altitude` counts, or without it the last one. What is not given stays as the chip holds it.
        """
        check_options(
            LIMITS,
            altitude=altitude,
            ambient_pressure=ambient_pressure,
            ambient_pressure_from=ambient_pressure_from,
            temperature_offset=temperature_offset,
        )
        self._port = port
        otherwise = standard_pressure(altitude)
        self._ambient = AmbientPressure(LIMITS, PRESSURE_STEP, ambient_pressure, otherwise)
        self._pressure: Setting | None = None
        self._measurements = 0  # since it was asked for its settings
        self._changed = False  # by another program: what its memory holds counts again then
        given = settings(altitude, temperature_offset, self_calibration)
        self._settings = HeldSettings(port, ANSWER, INFLUENCES, given)

    def identify(self) -> Identity | None:
        """Ask whether there is something new: the only question it answers while it measures."""
        return Identity("SCD4x", certain=True) if recognised(self._port, READY, 1) else None

    def setup(self) -> Steps[None]:
        """Stop measuring, identify the chip by its serial number, and start it again."""
        with suppress(NoAcknowledge):  # of this one it never does (§3.11.3)
            self._port.write(WAKE_UP)
        yield WAKE_UP_SECONDS
        self._port.write(STOP)
        yield STOP_SECONDS
        try:
            yield from self._asked(SERIAL_NUMBER, 3)
        except BadChecksum as error:
            raise WrongChip(self._port.where, "no SCD4x: it has no serial number") from error
        if self._changed:
            self._port.write(REINITIALISE)
            yield REINITIALISE_SECONDS
            self._changed = False
        yield from self._settings.hold()
        self._pressure = yield from self._assumed_pressure()
        yield from self._follow_pressure()
        self._measurements = 0
        self._port.write(START)
        yield ANSWER

    def compensate(self, option: str, value: float | None) -> None:
        """Take the pressure, in hPa, from another device."""
        del option
        self._ambient.take(value)

    def _follow_pressure(self) -> Steps[None]:
        """Let it compute with the pressure that is wanted, if one is."""
        word = self._ambient.word
        if word is not None and (self._pressure is None or self._pressure.word != word):
            self._pressure = Setting("ambient_pressure", PRESSURE, PRESSURE, word)
            yield from self._settings.hold_one(self._pressure)

    def _look_again(self) -> Steps[None]:
        """Stop it, raise `LostConfiguration` if another program has changed a setting, start it."""
        self._measurements = 0
        self._port.write(STOP)
        yield STOP_SECONDS
        self._changed = True  # until it has said that nothing is
        yield from self._settings.expect()
        self._changed = False
        self._port.write(START)
        yield ANSWER

    def calibrate(self, value: float) -> Steps[float]:
        """Measure for three minutes, then take the air for `value` ppm (§3.8.1)."""
        yield from self.setup()
        yield SETTLED
        self._port.write(STOP)
        yield STOP_SECONDS
        self._port.write(RECALIBRATE + with_checksums(round(value)))
        yield RECALIBRATION_SECONDS
        (word,) = read_words(self._port, 1)
        self._port.write(START)
        if word == FAILED:
            raise NotReady(self._port.where, "the calibration has failed", "was it measuring?")
        return word - 0x8000

    def measure(self) -> Steps[Values]:
        """Return the newest measurement that has not been read yet; wait for one."""
        yield from self._follow_pressure()
        if self._measurements >= LOOK:
            yield from self._look_again()
        self._measurements += 1
        for _ in range(round(1.2 * PERIOD / POLL)):
            (ready,) = yield from self._asked(READY, 1)
            if ready & NEW:
                words = yield from self._asked(RESULT, 3)
                yield from self._expect_pressure()
                return self._values(words)
            yield POLL
        raise NotReady(
            self._port.where,
            f"nothing new for {1.2 * PERIOD:g} s",
            "check its supply: it takes 205 mA at times",
        )

    def _assumed_pressure(self) -> Steps[Setting | None]:
        """Return the pressure that it computes with, if it says so: older chips do not."""
        try:
            (word,) = yield from self._asked(PRESSURE, 1)
        except NoAcknowledge:
            return None
        return Setting("ambient_pressure", PRESSURE, PRESSURE, word)

    def _expect_pressure(self) -> Steps[None]:
        """Raise `LostConfiguration` if another program has set another pressure meanwhile."""
        if self._pressure is not None:
            (word,) = yield from self._asked(PRESSURE, 1)
            self._changed = word != self._pressure.word
            self._pressure.refuse_other(word, self._port.where)

    def _values(self, words: tuple[int, ...]) -> Values:
        carbon_dioxide, celsius, percent = words
        if carbon_dioxide == 0:
            raise NotReady(self._port.where, "0 ppm is no measurement")
        values = {
            "carbon_dioxide": float(carbon_dioxide),
            "temperature": temperature(celsius),
            "humidity": humidity(percent),
        }
        return checked(self.channels, values, self._port.where)

    def _asked(self, command: bytes, count: int) -> Steps[tuple[int, ...]]:
        return asked(self._port, command, count, ANSWER)


def settings(
    altitude: int | None, temperature_offset: float | None, self_calibration: bool | None
) -> Iterator[Setting]:
    """Yield the settings that are given (§3.7, 3.8); 4 °C → 05DA, 1950 m → 079E."""
    if altitude is not None:
        yield Setting("altitude", GET_ALTITUDE, ALTITUDE, altitude)
    if temperature_offset is not None:
        word = round(temperature_offset * 65535 / 175)
        yield Setting("temperature_offset", GET_OFFSET, OFFSET, word)
    if self_calibration is not None:
        word = int(self_calibration)
        yield Setting("self_calibration", GET_SELF_CALIBRATION, SELF_CALIBRATION, word)
