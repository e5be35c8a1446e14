"""What Sensirion's CO2 sensors know about their place: settings of one word each."""

from collections.abc import Mapping
from typing import NamedTuple

from drivers.base.errors import LostConfiguration


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


def check_options(
    limits: Mapping[str, Limit],
    *,
    altitude: int | None,
    ambient_pressure: int | None,
    temperature_offset: float | None,
) -> None:
    """Raise ValueError for an option beyond its limits, and for two ways to say the same.

    Of altitude and pressure, one overrides the other in the chip.
    """
    if altitude is not None and ambient_pressure is not None:
        raise ValueError("altitude and ambient_pressure: give one, they say the same")
    limits["altitude"].check("altitude", altitude)
    limits["ambient_pressure"].check("ambient_pressure", ambient_pressure)
    limits["temperature_offset"].check("temperature_offset", temperature_offset)
