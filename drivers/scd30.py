"""Sensirion SCD30 CO2, humidity and temperature sensor (interface description version 1.0).

It measures continuously, also after a power loss. Between a command and its answer there must
be 3 ms; a write and read in one transaction would stretch the clock for longer than a Pi waits.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import AmbientPressure, HeldSettings, Influence, Limit, Setting, check_options
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NoAcknowledge, NotReady, WrongChip
from drivers.base.i2c import I2CPort

# Commands, §1.4
START, INTERVAL, READY, RESULT, FIRMWARE = (
    b"\x00\x10",
    b"\x46\x00",
    b"\x02\x02",
    b"\x03\x00",
    b"\xd1\x00",
)
OFFSET, ALTITUDE, SELF_CALIBRATION = b"\x54\x03", b"\x51\x02", b"\x53\x06"  # set and get
INFLUENCES = (
    Influence("temperature_offset", OFFSET, OFFSET),
    Influence("altitude", ALTITUDE, ALTITUDE),
    Influence("self_calibration", SELF_CALIBRATION, SELF_CALIBRATION),
)
RECALIBRATE = b"\x52\x04"
SETTLED = 120.0  # seconds of measurements in the same air before
NO_PRESSURE = 0  # no compensation for the ambient pressure: the altitude counts then
PRESSURE_STEP = 5  # hPa: half a percent of the concentration, a sixth of its accuracy
QUESTIONS = 2  # until it counts as a chip that does not say its pressure
LIMITS = {
    "altitude": Limit(0, 8000, "m"),
    "ambient_pressure": Limit(700, 1400, "hPa"),
    "temperature_offset": Limit(0, 20, "°C"),
}
SECONDS = 2  # between two measurements: the shortest
ANSWER = 0.004
POLL = 0.1
ATTEMPTS = 50  # each takes a tenth of a millisecond on the wire


class SCD30:
    """Sensirion SCD30 CO2, humidity and temperature sensor (interface description version 1.0)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "an ambient pressure that another program sets, if it does not say which it was given:"
            " no description has that question",
            "one program for each chip, or an SCD4x, whose pressure is read back",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x61,)
    deadline: ClassVar[float] = 10.0
    calibrates: ClassVar[tuple[float, float]] = (400, 2000)
    compensations: ClassVar[Mapping[str, str]] = {"ambient_pressure_from": "atmospheric_pressure"}
    channels = (
        Channel("carbon_dioxide", "ppm", 1, 40_000, 1),
        Channel("temperature", "°C", -40, 70, 0.01),
        Channel("humidity", "%", 0.01, 100, 0.01),  # 0: nothing was measured
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
        `altitude` counts, or without it the last one. What is not given stays as the chip holds it,
        but for a pressure.
        """
        check_options(
            LIMITS,
            altitude=altitude,
            ambient_pressure=ambient_pressure,
            ambient_pressure_from=ambient_pressure_from,
            temperature_offset=temperature_offset,
        )
        self._port = port
        otherwise = None if altitude is None else NO_PRESSURE
        self._ambient = AmbientPressure(LIMITS, PRESSURE_STEP, ambient_pressure, otherwise)
        self._started: Setting | None = None  # with which pressure
        self._says_pressure = False
        given = settings(altitude, temperature_offset, self_calibration)
        self._settings = HeldSettings(port, ANSWER, INFLUENCES, given)

    def identify(self) -> Identity | None:
        """Read the firmware's version: any chip that answers with a right checksum is one."""
        words = sensirion.recognised(self._port, FIRMWARE, 1, ATTEMPTS)
        known = words is not None and words[0] not in {0x0000, 0xFFFF}
        return Identity("SCD30", certain=True) if known else None

    def setup(self) -> Steps[None]:
        """Let it measure every two seconds, and forget what was measured before.

        It keeps both without power, in a memory that wears: they are written only if they must.
        """
        try:
            yield from self._asked(FIRMWARE, 1)
        except BadChecksum as error:
            raise WrongChip(self._port.where, "no SCD30: it has no version") from error
        yield from self._settings.hold_one(Setting("interval", INTERVAL, INTERVAL, SECONDS))
        yield from self._settings.hold()
        if (yield from self._is_ready()):
            yield from self._asked(RESULT, 6)
        yield from self._start()

    def compensate(self, option: str, value: float | None) -> None:
        """Take the pressure, in hPa, from another device."""
        del option
        self._ambient.take(value)

    def _start(self) -> Steps[None]:
        """Let it measure with the pressure that is wanted, unless it does."""
        wanted = Setting("ambient_pressure", START, START, self._ambient.word or NO_PRESSURE)
        said = yield from self._said_pressure()
        known = wanted == self._started if said is None else said == wanted.word
        if not (known and (yield from self._becomes_ready())):
            yield from self._set(START, wanted.word)
            said = yield from self._said_pressure()
        self._started, self._says_pressure = wanted, said == wanted.word

    def _said_pressure(self) -> Steps[int | None]:
        """Return the pressure that it was started with; None if it does not say."""
        for _ in range(QUESTIONS):
            try:
                (word,) = yield from self._asked(START, 1)
            except (BadChecksum, NoAcknowledge):
                continue
            return word
        return None

    def calibrate(self, value: float) -> Steps[float]:
        """Measure for two minutes, then take the air for `value` ppm (§1.4.6)."""
        yield from self.setup()
        yield SETTLED
        before = sensirion.floats((yield from self._newest()))[0]
        target = Setting("calibration", RECALIBRATE, RECALIBRATE, round(value))
        yield from self._set(target.set, target.word)  # also if it was calibrated so before
        yield from self._settings.hold_one(target)
        return round(value - before)

    def _newest(self) -> Steps[tuple[int, ...]]:
        if not (yield from self._becomes_ready()):
            raise NotReady(
                self._port.where,
                f"nothing new for {1.5 * SECONDS:g} s",
                "check its supply: 75 mA peaks",
            )
        return (yield from self._asked(RESULT, 6))

    def _expect_settings(self) -> Steps[None]:
        """Raise `LostConfiguration` if another program has changed one."""
        yield from self._settings.expect()
        if self._started and self._says_pressure:
            word = yield from self._settings.word(START)
            self._started.refuse_other(word, self._port.where)

    def measure(self) -> Steps[Values]:
        """Return the newest measurement that has not been read yet; wait for one."""
        if self._started and self._started.word != (self._ambient.word or NO_PRESSURE):
            yield from self._start()
        words = yield from self._newest()
        yield from self._expect_settings()
        return self._values(words)

    def _values(self, words: tuple[int, ...]) -> Values:
        carbon_dioxide, celsius, percent = sensirion.floats(words)
        if carbon_dioxide == 0:
            raise NotReady(self._port.where, "0 ppm is what it says before its first measurement")
        values = {"carbon_dioxide": carbon_dioxide, "temperature": celsius, "humidity": percent}
        return checked(self.channels, values, self._port.where)

    def _becomes_ready(self) -> Steps[bool]:
        for _ in range(round(1.5 * SECONDS / POLL)):
            if (yield from self._is_ready()):
                return True
            yield POLL
        return False

    def _is_ready(self) -> Steps[bool]:
        (ready,) = yield from self._asked(READY, 1)
        return ready == 1

    def _asked(self, command: bytes, count: int) -> Steps[tuple[int, ...]]:
        return sensirion.asked(self._port, command, count, ANSWER)

    def _set(self, command: bytes, word: int) -> Steps[None]:
        self._port.write(command + sensirion.with_checksums(word))
        yield ANSWER


def settings(
    altitude: int | None, temperature_offset: float | None, self_calibration: bool | None
) -> Iterator[Setting]:
    """Yield the settings that are given (§1.4.6 to 1.4.9); an offset has steps of 0.01 °C."""
    if altitude is not None:
        yield Setting("altitude", ALTITUDE, ALTITUDE, altitude)
    if temperature_offset is not None:
        yield Setting("temperature_offset", OFFSET, OFFSET, round(100 * temperature_offset))
    if self_calibration is not None:
        word = int(self_calibration)
        yield Setting("self_calibration", SELF_CALIBRATION, SELF_CALIBRATION, word)
