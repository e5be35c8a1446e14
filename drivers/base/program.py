"""A program that is run for what it prints, and what it printed."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

MOST = 1 << 16  # bytes of output
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")


class Ended(NamedTuple):
    """A program's exit status (negative: the signal that ended it), and what it printed.

    `complaint` is the end of its standard error.
    """

    status: int
    output: str
    complaint: str = ""


class Program(Protocol):
    """A program that has been started."""

    def poll(self) -> tuple[int, str, str] | None:
        """Return what `Ended` has, None while it runs; raise OSError beyond `MOST` bytes."""
        ...

    def close(self) -> None:
        """End it with every process that it has started, and release its pipes."""
        ...


def printed(output: str) -> Mapping[str, list[Any]]:
    """Return all that was printed under each name, in a JSON object or in lines `name=value`.

    A number in a line is a float, anything else is text. Raises ValueError if JSON is broken.
    """
    text = output.strip()
    pairs = _members(text) if text.startswith("{") else _lines(text)
    found: dict[str, list[Any]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _members(text: str) -> list[tuple[str, Any]]:
    try:  # as pairs: a dictionary would hide that a name stands twice
        members: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return members


def _lines(text: str) -> list[tuple[str, Any]]:
    split = (line.partition("=") for line in text.splitlines())
    return [(name.strip(), _value(value.strip())) for name, equals, value in split if equals]


def _value(text: str) -> float | str:
    return float(text) if NUMBER.fullmatch(text) else text
