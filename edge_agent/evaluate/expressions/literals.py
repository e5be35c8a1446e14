"""Literals: the words of an expression that are not names, such as `26 °C`, `22:30` or `monday`.

Python's grammar does not know them, nor channels with a `-` in their name. All are masked by
identifiers of equal length, so that a node of the syntax tree has the position of its text.
"""

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from edge_agent.evaluate.expressions import logic
from edge_agent.evaluate.expressions.ranges import ValueRange
from edge_agent.evaluate.expressions.typed import CLOCK, DAY, Quantity, Term, constant
from edge_agent.units import SECONDS

TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
RESERVED = frozenset({"true", "false", "time", "weekday", *WEEKDAYS})  # no name has these
# device.channel, known or not; the name of a device may contain -, but `not-x.y` is not a name.
DOTTED = r"(?!(?:and|or|not)-)[A-Za-z_][\w-]*\.[A-Za-z_]\w*"
NUMBER = r"\d+(?:\.\d+)?"


class Literals:
    """Masks the lines of one configuration: `names` may appear, and numbers of these `units`."""

    def __init__(self, names: Iterable[str], units: Iterable[str]) -> None:
        names = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
        known = sorted({*units, *SECONDS} - {""}, key=len, reverse=True)
        suffix = "|".join(map(re.escape, known))
        self._names = re.compile(
            rf"(?<![\w.])(?:{'|'.join([*names, DOTTED])})(?![\w.])", flags=re.ASCII
        )
        self._quantity = re.compile(rf"({NUMBER}) ?({suffix})")
        self._masked = re.compile(
            rf"(?<![\w.:])(?:{TIME_OF_DAY.pattern}|{NUMBER} ?(?:{suffix}))(?![\w:])"
        )

    def mask(self, line: str) -> str:
        """Return the line in a form that Python can read."""
        return self._masked.sub(_blank, self._names.sub(_blank, line))

    def term(self, piece: str, zone: tzinfo | None) -> Term | None:
        """Return the meaning of a literal; None for a name."""
        if piece in {"true", "false"}:
            return Term(truth=logic.constantly(piece == "true"))
        if piece == "time":
            return Term(None, logic.wall_clock(_since_midnight, zone), ValueRange(0, 86400), CLOCK)
        if piece == "weekday":
            return Term(None, logic.wall_clock(datetime.isoweekday, zone), ValueRange(1, 7), DAY)
        if piece in WEEKDAYS:
            return constant(WEEKDAYS.index(piece) + 1, DAY)
        time = TIME_OF_DAY.fullmatch(piece)
        if time:
            return constant(3600.0 * int(time[1]) + 60.0 * int(time[2]), CLOCK)
        return self._quantity_term(piece)

    def _quantity_term(self, piece: str) -> Term | None:
        """Return `5m` as seconds that may be metres, and `26 °C` as it is."""
        found = self._quantity.fullmatch(piece)
        if found is None:
            return None
        quantity = Quantity(float(found[1]), found[2])
        if quantity.seconds is None:
            return constant(quantity.number, quantity.unit)
        return constant(quantity.seconds, "s")._replace(other=quantity)


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found[0])


def _since_midnight(local: datetime) -> float:
    return local.hour * 3600 + local.minute * 60 + local.second
