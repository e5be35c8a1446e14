"""The words of an expression that Python's grammar does not know, and what they stand for.

Names of channels, quantities as `26 °C` or `5m`, and times as `22:30` are masked by identifiers of
equal length, so that a node of the syntax tree still tells which piece of the text it came from.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

DURATIONS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# device.channel, known or not; a device's name may hold -, but `not-x.y` is no name.
DOTTED = r"(?!(?:and|or|not)-)[A-Za-z_][\w-]*\.[A-Za-z_]\w*"
NUMBER = r"\d+(?:\.\d+)?"


class Quantity(NamedTuple):
    """A number with the unit that was written behind it."""

    number: float
    unit: str

    @property
    def seconds(self) -> float | None:
        """As a duration; None where the unit is none of time."""
        factor = DURATIONS.get(self.unit)
        return None if factor is None else self.number * factor


class Literals:
    """Masks the lines of one configuration: `names` may appear, with numbers of these `units`."""

    def __init__(self, names: Iterable[str], units: Iterable[str]) -> None:
        names = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
        known = sorted({*units, *DURATIONS} - {""}, key=len, reverse=True)
        suffix = "|".join(map(re.escape, known))
        self._names = re.compile(
            rf"(?<![\w.])(?:{'|'.join([*names, DOTTED])})(?![\w.])", flags=re.ASCII
        )
        self._quantity = re.compile(rf"({NUMBER}) ?({suffix})")
        self._masked = re.compile(
            rf"(?<![\w.:])(?:{CLOCK.pattern}|{NUMBER} ?(?:{suffix}))(?![\w:])"
        )

    def mask(self, line: str) -> str:
        """Return the line as Python can read it."""
        return self._masked.sub(_blank, self._names.sub(_blank, line))

    def quantity(self, piece: str) -> Quantity | None:
        """Return what a piece says, if it is a number with a unit."""
        found = self._quantity.fullmatch(piece)
        return Quantity(float(found[1]), found[2]) if found else None


def clock_seconds(piece: str) -> float | None:
    """Return the seconds since midnight of `22:30`; None for anything else."""
    found = CLOCK.fullmatch(piece)
    return 3600.0 * int(found[1]) + 60.0 * int(found[2]) if found else None


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found[0])
