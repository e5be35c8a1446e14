"""Sensirion SGP30 gas sensor (datasheet version 1.0, May 2020).

For 15 s after its algorithm began the chip says 400 ppm and 0 ppb in any air, also after a
brown-out. Clean air reads the same: only then the algorithm is asked for its baseline.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration, WrongChip
from drivers.base.i2c import I2CPort

# Commands (tables 10 and 11), and the longest that each takes
FEATURE_SET = b"\x20\x2f"
START = b"\x20\x03"
MEASURE = b"\x20\x08"
GET_BASELINE = b"\x20\x15"
SET_BASELINE = b"\x20\x1e"
HUMIDITY = b"\x20\x61"  # g/m³ in 1/256; 0: no compensation
SECONDS = 0.010
MEASURE_SECONDS = 0.012

ATTEMPTS = 100  # each takes a tenth of a millisecond on the wire
PERCENT, CELSIUS = (0, 100), (-45, 80)  # of air whose humidity can be computed
WARM_UP = 15  # measurements, one a second
PERIOD = 1.0
FIXED = (400, 0)


class SGP30:
    """Sensirion SGP30 gas sensor: equivalent CO2 and total VOC (datasheet version 1.0).

    Measure it every second (`every = "1s"`): its algorithm counts the measurements, and learns
    wrong if they come more rarely. It needs 15 s to start, and hours to know clean air.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "how clean air is beyond 400 ppm: its algorithm says 400 for all of it",
            "an SCD4x or an SCD30, which measure CO2",
        ),
        Blindness(
            "a humidity or a baseline that another program sets: it cannot be read, or may change",
            "one program for each chip, and `humidity_from`, which sets it before each measurement",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x58,)
    deadline: ClassVar[float] = WARM_UP + 5.0
    compensations: ClassVar[Mapping[str, str]] = {
        "humidity_from": "humidity",
        "temperature_from": "temperature",
    }
    channels = (
        # 60000 is what it says of more, too
        Channel("eco2", "ppm", 400, 59999, 1, "carbon_dioxide"),
        Channel("tvoc", "ppb", 0, 59999, 1, "volatile_organic_compounds_parts"),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        humidity_from: str | None = None,
        temperature_from: str | None = None,
    ) -> None:
        """`humidity_from`, `temperature_from`: the channels that measure them, both or none.

        While one of them has no value, the chip computes without the humidity.
        """
        if (humidity_from is None) != (temperature_from is None):
            raise ValueError("humidity_from and temperature_from: give both, or none")
        self._compensates = humidity_from is not None
        self._place: dict[str, float | None] = dict.fromkeys(self.compensations.values())
        self._port = port
        self._warmed = 0  # measurements since the algorithm began

    def compensate(self, option: str, value: float | None) -> None:
        """Take the humidity in %, or the temperature in °C, from another device."""
        self._place[self.compensations[option]] = value

    def identify(self) -> Identity | None:
        """Read the feature set: product type 0."""
        words = sensirion.recognised(self._port, FEATURE_SET, 1, ATTEMPTS)
        return Identity("SGP30", certain=True) if words and is_sgp30(words[0]) else None

    def setup(self) -> Steps[None]:
        """Start the algorithm and warm it up, unless it runs; what it learnt is kept.

        A setup that is broken off continues where it was: the warm-up is long.
        """
        yield MEASURE_SECONDS  # of a measurement that was broken off
        (word,) = yield from self._asked(FEATURE_SET, SECONDS, 1)
        if not is_sgp30(word):
            raise WrongChip(self._port.where, "no SGP30: it has another feature set")
        if self._warmed == WARM_UP:
            measured = yield from self._asked(MEASURE, MEASURE_SECONDS)
            if (yield from self._runs(measured)):
                return
            self._warmed = 0
        if not self._warmed:
            yield from self._start()
        while self._warmed < WARM_UP:
            self._port.write(MEASURE)
            yield PERIOD
            self._warmed += 1

    def measure(self) -> Steps[Values]:
        """Measure both; raise `LostConfiguration` if the algorithm may not run."""
        if self._compensates:
            word = absolute_humidity(self._place["humidity"], self._place["temperature"])
            self._port.write(HUMIDITY + sensirion.with_checksums(word))
            yield SECONDS
        eco2, tvoc = yield from self._asked(MEASURE, MEASURE_SECONDS)
        if not (yield from self._runs((eco2, tvoc))):
            raise LostConfiguration(
                self._port.where, "400 ppm and 0 ppb without a baseline: its algorithm does not run"
            )
        values: dict[str, float] = {"eco2": eco2, "tvoc": tvoc}
        return checked(self.channels, values, self._port.where)

    def _runs(self, measured: tuple[int, ...]) -> Steps[bool]:
        """Return whether the algorithm runs: it measured something, or it has a baseline."""
        return measured != FIXED or any((yield from self._asked(GET_BASELINE, SECONDS)))

    def _start(self) -> Steps[None]:
        """Start the algorithm, with the baseline that it had."""
        baseline = yield from self._asked(GET_BASELINE, SECONDS)
        self._port.write(START)
        yield SECONDS
        if any(baseline):
            eco2, tvoc = baseline
            self._port.write(SET_BASELINE + sensirion.with_checksums(tvoc, eco2))  # turned round
            yield SECONDS

    def _asked(self, command: bytes, seconds: float, count: int = 2) -> Steps[tuple[int, ...]]:
        return sensirion.measured(self._port, command, count, seconds)


def absolute_humidity(percent: float | None, celsius: float | None) -> int:
    """Return 1/256 g/m³, of which 50 % at 25 °C are 11.5; 0 if one of both is not known."""
    if percent is None or celsius is None:
        return 0
    if not (PERCENT[0] <= percent <= PERCENT[1] and CELSIUS[0] <= celsius <= CELSIUS[1]):
        return 0
    vapour = percent / 100 * 6.112 * math.exp(17.62 * celsius / (243.12 + celsius))  # hPa
    return min(max(round(256 * 216.7 * vapour / (273.15 + celsius)), 1), 0xFFFF)


def is_sgp30(feature_set: int) -> bool:
    """Return whether it is product type 0 and a version from 0x20 on (§6.3.4)."""
    return feature_set >> 12 == 0 and feature_set & 0xE0 == 0x20
