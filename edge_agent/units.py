"""Durations, sizes and output levels, as people write them."""

import re
from collections.abc import Mapping
from typing import Any

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
PART = r"(\d{1,15})\s*(ms|[smhd])(?:ecs?|ins?|rs?|ours?|ays?)?(?![a-z])"
COMBINED = rf"\s*{PART}(\s*{PART})+\s*"  # as in 1m30s
# Units in other notations, as in `5 seconds`, `1 week` and `256 MiB`: their factor and our unit.
OTHER_UNITS = tuple(
    (re.compile(pattern, re.IGNORECASE), factor, unit)
    for pattern, factor, unit in (
        ("ms(ecs?)?|milli(s|sec.*)", 1, "ms"),
        ("s(ecs?|econds?)?|sek.*", 1, "s"),
        ("(?-i:m)|min(s|utes?|uten)?", 1, "m"),
        ("h(rs?|ours?)?|std", 1, "h"),
        ("d(ays?)?", 1, "d"),
        ("w(ks?|eeks?)?", 7, "d"),
        ("mo(nths?)?", 30, "d"),
        ("y(rs?|ears?)?", 365, "d"),
        ("b(ytes?)?", 1, "B"),
        ("k(i?b)?", 1, "kB"),
        ("m(i?b)?", 1, "MB"),
        ("g(i?b)?", 1, "GB"),
        ("t(i?b)?", 1000, "GB"),
    )
)
LONGEST = 36_500 * 86400.0  # s: sums of times have to fit into 64 bits, in microseconds
LARGEST = 10_000 * 1000**3  # bytes
SWITCHES = {
    **dict.fromkeys(("yes", "on", "true", "1"), True),
    **dict.fromkeys(("no", "off", "false", "0"), False),
}  # words for true and false
LEVELS = {"off": 0.0, "on": 1.0}


class Duration(float):
    """Seconds, written as a number or with a unit: `500ms`, `10s`, `5m`, `2h`, `7d`."""

    @classmethod
    def parse(cls, value: object) -> "Duration":
        """Return the seconds, at most a hundred years; raise ValueError for anything else."""
        found = _with_unit(value, SECONDS, 'a duration such as "500ms", "10s", "5m", "7d"')
        return cls(_within(found, LONGEST, "36500d"))

    @property
    def text(self) -> str:
        """As people write it, such as `90s` or `2h`."""
        return _in_largest(self, SECONDS)


class Size(int):
    """Bytes, written as a number or with a unit: `500kB`, `256MB`, `1GB`."""

    @classmethod
    def parse(cls, value: object) -> "Size":
        """Return the bytes, at most 10 TB; raise ValueError for anything else."""
        found = _with_unit(value, BYTES, 'a size such as "500kB", "256MB", "1GB"')
        return cls(_within(found, LARGEST, "10000GB"))

    @property
    def text(self) -> str:
        """As people write it, such as `256MB`."""
        return _in_largest(self, BYTES)


def _in_largest(value: float, units: Mapping[str, float]) -> str:
    """Write a value in the largest unit that divides it, and zero in the unit of factor 1."""
    fitting = [
        (size, unit)
        for unit, size in units.items()
        if size <= max(value, 1) and (value / size).is_integer()
    ]
    unit = max(fitting)[1] if fitting else min(units, key=lambda one: abs(units[one] - 1))
    return f"{value / units[unit]:.12g}{unit}"


def _within(value: float, most: float, words: str) -> float:
    if value > most:
        raise ValueError(f'expected at most "{words}"')
    return value


def _with_unit(value: object, units: dict[str, Any], expected: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(value).strip())
    if str(value).lstrip().startswith("-"):
        raise ValueError(f"not negative; expected {expected}")
    if isinstance(value, bool) or not match or (match[2] and match[2] not in units):
        raise ValueError(f"expected {_meant(str(value), units) or expected}")
    return float(match[1]) * float(units.get(match[2], 1))


def _meant(text: str, units: dict[str, Any]) -> str:
    """Return what a text in another notation means, as in `5 seconds`, `0,5s` or `PT10S`."""
    if units is SECONDS and (parts := re.findall(PART, text)) and re.fullmatch(COMBINED, text):
        return f'"{sum(float(number) * SECONDS[unit] for number, unit in parts):g}s"'
    found = re.fullmatch(r"(?:PT?|\+)?(\d{1,15}|\d{0,15}[.,]\d{1,15})\s*([A-Za-z]*)", text.strip())
    if not found:
        return ""
    number = f"0{found[1]}".replace(",", ".")
    right = (one for one in OTHER_UNITS if one[2] in units and one[0].fullmatch(found[2]))
    _, factor, unit = next(right, (None, 1, ""))
    return f'"{float(number) * factor:.12g}{unit}"' if unit or not found[2] else ""


def level(value: bool | float | str) -> float:
    """Return an output's value as a number: "off" is 0, "on" is 1."""
    return LEVELS[value] if isinstance(value, str) else float(value)


def decode(kind: type, value: object) -> Any:  # noqa: ANN401
    """Decode our own types for msgspec."""
    if issubclass(kind, Duration | Size):
        return kind.parse(value)
    raise NotImplementedError(kind)
