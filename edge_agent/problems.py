"""What is wrong with a configuration: one line each, naming file, line, key, value and remedy."""

import difflib
import re
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from edge_agent.toml_text import shown

LONGEST_KEY = 160  # characters of a key that a message repeats; a name has at most 64


class Location(NamedTuple):
    """Where a key is: its line, for the order of problems, and how messages write the place."""

    line: float
    text: str


class Locations(Protocol):
    """Finds a key, such as `device.air.every`, in the file that has it."""

    def locate(self, key: str, at: str = "", offset: int | None = None) -> Location:
        """Return where a key is, or the character of its text that has this offset.

        `at` is the key with numbers in place of names, which more than one entry may have.
        """


class NoLocations(NamedTuple):
    """Something without lines, such as the options of a command."""

    name: str

    def locate(self, key: str, at: str = "", offset: int | None = None) -> Location:
        """Return the name alone."""
        del key, at, offset
        return Location(0, self.name)


class Problem(NamedTuple):
    """One problem; `what` follows its key."""

    location: Location
    key: str
    what: str

    @property
    def said(self) -> str:
        """The problem with its whole key."""
        return self.key + self.what

    @property
    def line(self) -> str:
        """The problem as people read it, with its place."""
        return f"{self.location.text}: {_cut(self.key)}{self.what}"


class Problems:
    """Collects the problems of one file, so that one check shows everything that needs fixing."""

    def __init__(self, locations: Locations) -> None:
        self._locations = locations
        self._found: list[Problem] = []
        self._unusable: set[str] = set()

    @property
    def lines(self) -> tuple[str, ...]:
        """The problems in the order of the file, each with its place."""
        return self.about("")

    def about(self, table: str) -> tuple[str, ...]:
        """Return the problems of keys that begin with this text."""
        found = (one for one in self._found if one.said.startswith(table))
        ordered = sorted(found, key=lambda one: one.location.line)
        return tuple(one.line for one in ordered)

    def note(
        self, key: str, value: object, what: str, *, at: str = "", offset: int | None = None
    ) -> None:
        """Note what is wrong with the value of a key, or with the piece at an offset of it.

        `at` is the key with the numbers of entries, if their names may be the same.
        """
        if key not in self._unusable:
            location = self._locations.locate(key, at, offset)
            self._found.append(Problem(location, key, f" = {_written(key, value)}: {what}"))

    def missing(self, key: str, wanted: str, *, at: str = "") -> None:
        """Note that a required key is missing, if no problem with its value was noted."""
        if any(one.said.startswith(f"{key} = ") for one in self._found):
            return
        self.add(f"{key}: missing; wanted: {wanted}", at=at)

    def add(self, line: str, *, at: str = "") -> None:
        """Note a line that begins with its key."""
        key = re.split(r" = | is |: ", line, maxsplit=1)[0]
        if key not in self._unusable:
            location = self._locations.locate(key, at)
            self._found.append(Problem(location, key, line.removeprefix(key)))

    def unusable(self, key: str, what: str) -> None:
        """Note a value that no key may have; what else is wrong with it is not noted."""
        self.add(f"{key}: {what}")
        self._unusable.add(key)

    def entries(self, table: str) -> set[str]:
        """Return the names of the entries of a list of tables that have problems."""
        heads = (one.said.split(".") for one in self._found)
        return {parts[1] for parts in heads if parts[0] == table and len(parts) > 2}


def unknown(name: str, known: Iterable[str]) -> str:
    """Return that a name is not known, with the nearest one or all that are."""
    names = sorted(known)
    folded = {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), folded, 1)
    if near:
        return f"unknown; did you mean {folded[near[0]]!r}?"
    return f"unknown; known: {', '.join(names) or 'none'}"


def _cut(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"


def _written(key: str, value: object) -> str:
    """Return an address as people write it, and any other value as TOML would write it."""
    if key.endswith(".address") and type(value) is int and value >= 0:
        return f"0x{value:02x}"
    return shown(value)
