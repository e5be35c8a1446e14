"""What Sensirion's CO2 sensors know about their place: settings of one word each."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from drivers.base.driver import Steps
from drivers.base.errors import LostConfiguration
from drivers.base.i2c import I2CPort
from drivers.base.sensirion import asked, with_checksums

SEA_LEVEL = 1013.25  # hPa


class Setting(NamedTuple):
    """A setting of the chip: its commands, and the word that it shall hold."""

    name: str
    get: bytes
    set: bytes
    word: int

    def refuse_other(self, held: int, where: str) -> None:
        """Raise `LostConfiguration` unless the chip holds the word."""
        if held != self.word:
            what = f"{self.name} is {held:04x} instead of {self.word:04x}"
            raise LostConfiguration(where, what)


class Influence(NamedTuple):
    """A setting that changes the values of the chip: its commands."""

    name: str
    get: bytes
    set: bytes


class HeldSettings:
    """What one chip shall hold: what is given, and of the rest what it held at first.

    `answer` is how many seconds the chip takes for a command.
    """

    def __init__(
        self,
        port: I2CPort,
        answer: float,
        influences: Iterable[Influence],
        given: Iterable[Setting],
    ) -> None:
        self._port = port
        self._answer = answer
        self._influences = tuple(influences)
        self._given = tuple(given)
        self._held: tuple[Setting, ...] = ()

    def hold(self) -> Steps[None]:
        """Let the chip hold all of them."""
        for setting in self._given:
            yield from self.hold_one(setting)
        self._held = self._held or (yield from self._read())
        for setting in self._held:
            yield from self.hold_one(setting)

    def hold_one(self, setting: Setting) -> Steps[None]:
        """Let the chip hold a setting; it is written only if it differs: some memories wear."""
        if (yield from self.word(setting.get)) == setting.word:
            return
        self._port.write(setting.set + with_checksums(setting.word))
        yield self._answer
        setting.refuse_other((yield from self.word(setting.get)), self._port.where)

    def expect(self) -> Steps[None]:
        """Raise `LostConfiguration` if another program has changed one."""
        for setting in self._held:
            setting.refuse_other((yield from self.word(setting.get)), self._port.where)

    def word(self, command: bytes) -> Steps[int]:
        """Return the word that answers a command."""
        (word,) = yield from asked(self._port, command, 1, self._answer)
        return word

    def _read(self) -> Steps[tuple[Setting, ...]]:
        held = []
        for influence in self._influences:
            word = yield from self.word(influence.get)
            held.append(Setting(*influence, word))
        return tuple(held)


class Limit(NamedTuple):
    """The ends of an option, and its unit."""

    low: float
    high: float
    unit: str

    def check(self, name: str, value: float | None) -> None:
        """Raise ValueError for a value beyond an end; None is no value."""
        if value is not None and not self.low <= value <= self.high:
            raise ValueError(
                f"{name} is {value:g}: wanted {self.low:g} to {self.high:g} {self.unit}"
            )


class AmbientPressure:
    """Which pressure a sensor shall compute with, as a word in hPa; None leaves it to the sensor.

    A measured one counts while there is one that is new enough, in steps of `step` hPa: a sensor
    keeps some settings in a memory that wears. Without one, `otherwise` counts, which
    stands for the altitude; if there is none, the last one that was measured.
    """

    def __init__(
        self, limits: Mapping[str, Limit], step: float, given: int | None, otherwise: int | None
    ) -> None:
        self._limit = limits["ambient_pressure"]
        self._step = step
        self._otherwise = otherwise
        self.word = given

    def take(self, measured: float | None) -> None:
        """Count with what another device has measured, in hPa; None if it has no value."""
        if measured is None or not self._limit.low <= measured <= self._limit.high:
            self.word = self.word if self._otherwise is None else self._otherwise
        elif self.word is None or abs(measured - self.word) >= self._step:
            self.word = round(measured)


def check_options(
    limits: Mapping[str, Limit],
    *,
    altitude: int | None,
    ambient_pressure: int | None,
    ambient_pressure_from: str | None,
    temperature_offset: float | None,
) -> None:
    """Raise ValueError for an option beyond its limits, and for two ways to say the same.

    Of altitude and pressure, one overrides the other in the chip.
    """
    if ambient_pressure is not None and altitude is not None:
        raise ValueError("altitude and ambient_pressure: give one, they say the same")
    if ambient_pressure is not None and ambient_pressure_from is not None:
        raise ValueError("ambient_pressure and ambient_pressure_from: give one, they say the same")
    limits["altitude"].check("altitude", altitude)
    limits["ambient_pressure"].check("ambient_pressure", ambient_pressure)
    limits["temperature_offset"].check("temperature_offset", temperature_offset)


def standard_pressure(metres: int | None) -> int | None:
    """Return hPa of the standard atmosphere at an altitude: 0 m → 1013, 2000 m → 795."""
    return None if metres is None else round(SEA_LEVEL * (1 - 2.25577e-5 * metres) ** 5.25588)
