"""Turns tables of a scenario file into the arguments of a constructor.

The constructor's signature defines the keys; every problem is noted, none is raised.
"""

import difflib
import math
import re
from collections.abc import Callable, Collection, Mapping
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATIONS = {"at", "every", "lasts", "period"}  # these keys hold seconds in every table
WANTED: dict[object, str] = {
    bool: "true or false",
    float: "a number",
    int: "a whole number",
    Path: "a file, its path relative to the scenario's",
}


class Tables:
    """Reads the tables of one file; `problems` gets a line for each mistake."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.problems: list[str] = []

    def build(
        self, make: Callable[..., T], table: Mapping[str, Any], where: str, beside: Collection[str]
    ) -> T | None:
        """Return `make` called with the table, or None after noting why that is not possible."""
        arguments = self.arguments(make, table, where, beside=beside)
        if arguments is None:
            return None
        try:
            return make(**arguments)
        except ValueError as error:
            self.note(where, str(error))
        except OSError as error:
            self.note(where, f"{error.filename}: {error.strerror}")
        return None

    def arguments(
        self,
        make: Callable[..., object],
        table: Mapping[str, Any],
        where: str,
        *,
        beside: Collection[str],
        hidden: Collection[str] = (),
    ) -> dict[str, Any] | None:
        """Return the arguments for `make`, or None after noting why there are none.

        The table may have the keys `beside` as well; `hidden` parameters are not keys.
        """
        known = {k: p for k, p in signature(make).parameters.items() if k not in hidden}
        before = len(self.problems)
        self.check_names(table, [*known, *beside], where)
        self._missing(table, known, where)
        arguments = {
            key: self.convert(parameter.annotation, table[key], f"{where}.{key}")
            for key, parameter in known.items()
            if key in table
        }
        return arguments if len(self.problems) == before else None

    def check_names(self, table: Mapping[str, Any], known: Collection[str], where: str) -> None:
        """Note the keys that are unknown."""
        for key in sorted(table.keys() - set(known)):
            self.note(f"{where}.{key}".lstrip("."), unknown(key, known), table[key])

    def _missing(
        self, table: Mapping[str, Any], known: Mapping[str, Parameter], where: str
    ) -> None:
        for key, parameter in known.items():
            if key not in table and parameter.default is parameter.empty:
                self.note(f"{where}.{key}", f"missing; wanted: {wanted(key, parameter.annotation)}")

    def convert(self, kind: object, value: object, where: str) -> Any:  # noqa: ANN401
        """Return a value as `kind`, or None after noting what is wanted."""
        key = where.rpartition(".")[2]
        try:
            if key in DURATIONS:
                return seconds(value)
            return self._file.parent / text(value) if kind is Path else exactly(kind, value)
        except (ValueError, OverflowError):
            return self.note(where, f"wanted: {wanted(key, kind)}", value)

    def note(self, where: str, what: str, value: object = None) -> None:
        """Add a problem: the key, its value if it has one, and what is wrong."""
        key = where if value is None else f"{where} = {shown(value)}"
        self.problems.append(f"{self._file}: {key}: {what}")


def unknown(name: str, known: Collection[str]) -> str:
    """Return that a name is unknown, with the most similar name or all known names."""
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"unknown; did you mean {near[0]!r}?"
    return f"unknown; known: {', '.join(sorted(known)) or 'none'}"


def seconds(value: object) -> float:
    """Return the seconds of a number, or of a number with a unit; raise ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", str(value).strip())
    if not match or match[2] not in UNITS:
        raise ValueError(value)
    return float(match[1]) * UNITS[match[2]]


def text(value: object) -> str:
    """Return the value if it is text; raise ValueError."""
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 - every conversion raises the same
    return value


def exactly(kind: object, value: object) -> object:
    """Return the value if it has this type, a whole number as a float; raise ValueError."""
    number = float(value) if kind is float and type(value) in {int, float} else value  # type: ignore[arg-type]
    if type(number) is not kind or (isinstance(number, float) and not math.isfinite(number)):
        raise ValueError(value)
    return number


def wanted(key: str, kind: object) -> str:
    """Return what a key takes."""
    if key in DURATIONS:
        return 'a duration such as "500ms", "10s", "5m", "2h"'
    return WANTED.get(kind, "text")


def shown(value: object) -> str:
    """Return a value in roughly TOML's notation, cut to 60 characters."""
    line = f'"{value}"' if isinstance(value, str) else str(value)
    return line if len(line) <= 60 else line[:57] + "…"
