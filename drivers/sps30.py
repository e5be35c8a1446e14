"""Sensirion SPS30 particle sensor on I2C (datasheet version 1.0, March 2020)."""

from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import Steps, Values, checked
from drivers.base.errors import NoAcknowledge, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.particles import DUST, FAILURES, RESTARTED, ParticleSensor, mass

WAKE_UP, VERSION = b"\x11\x03", b"\xd1\x00"
FIRST_WITH_STATUS = 2  # the firmware
WAKE_SECONDS = 0.005
PER_LITRE = 1000  # of those in a cm³

MASSES = tuple(mass(name, 1000) for name in ("pm1", "pm25", "pm4", "pm10"))
COUNTS = tuple(
    Channel(name, "1/L", 0, 3000 * PER_LITRE, 0.1 * PER_LITRE, "particle_concentration")
    for name in ("up_to_0_5um", "up_to_1um", "up_to_2_5um", "up_to_4um", "up_to_10um")
)


class SPS30(ParticleSensor):
    """Sensirion SPS30 particle sensor: PM1, PM2.5, PM4 and PM10 (datasheet version 1.0).

    Needs 5 V for its fan, its pin SEL on ground, and 30 s for each start.
    """

    blind: ClassVar[tuple[Blindness, ...]] = (DUST, RESTARTED)
    channels: tuple[Channel, ...] = (*MASSES, *COUNTS)
    named: ClassVar[bytes] = b"\xd0\x02"
    names: ClassVar[Mapping[str, str]] = {"00080000": "SPS30"}
    start: ClassVar[bytes] = b"\x00\x10" + sensirion.with_checksums(0x0300)  # numbers of IEEE 754
    result: ClassVar[bytes] = b"\x03\x00"
    words: ClassVar[int] = 20
    answer: ClassVar[float] = 0.005

    def __init__(
        self,
        port: I2CPort,
        *,
        counts: bool = False,
        auto_cleaning_interval: int | None = None,
    ) -> None:
        """Count the particles in a litre, from 0.3 µm up to each size, too, if `counts`.

        `auto_cleaning_interval`: s, 0 for never; it was made with a week. What is not given stays
        as it holds it.
        """
        super().__init__(port, auto_cleaning_interval)
        self.channels = (*MASSES, *COUNTS * counts)

    def _recognised(self) -> Steps[str]:
        """Wake it up, if it sleeps, and make sure that it has a status."""
        with suppress(NoAcknowledge):
            self._port.write(WAKE_UP)  # the first is a pulse for a bus that is off
        yield from self._do(WAKE_UP, WAKE_SECONDS)
        name = yield from super()._recognised()
        (version,) = yield from self._asked(VERSION, 1)
        if version >> 8 < FIRST_WITH_STATUS:
            what = f"its firmware {version >> 8}.{version & 0xFF} does not say what has failed"
            raise WrongChip(self._port.where, what, "use one with firmware 2.0 or later")
        return name

    def _values(self, words: tuple[int, ...], status: int) -> Values:
        """Return the values of a result: four masses, five numbers, a size (table 4)."""
        if failure := self._failure(status, FAILURES):
            raise failure
        numbers = sensirion.floats(words)
        found = dict(zip((one.name for one in MASSES), numbers, strict=False))
        for one, number in zip(COUNTS, numbers[4:], strict=False):
            found[one.name] = PER_LITRE * number
        return checked(self.channels, found, self._port.where)
