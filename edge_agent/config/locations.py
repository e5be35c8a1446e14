"""Where a key of a configuration is: its line in the file, or `--set`."""

import math
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from edge_agent.config.toml_keys import KeyPath, TomlKey, toml_keys
from edge_agent.problems import Location

ESCAPE = re.compile(r"\\(u.{4}|U.{8}|[ \t]*\n\s*|.)")
STANDS_FOR = {r"\n": "\n", r"\t": "\t", r"\r": "\r", r"\u00a0": "\u00a0"}
QUOTES = ('"""', "'''", '"', "'")


class TomlText(NamedTuple):
    """A file of tables as it is written, and what it means."""

    file: str
    text: str
    tables: dict[str, Any]


class TomlLocations:
    """Finds the keys of a file; `overrides` are the keys that `option` sets instead."""

    def __init__(
        self, source: TomlText, overrides: tuple[str, ...] = (), option: str = "--set"
    ) -> None:
        self._source = source
        self._overrides = overrides
        self._option = option

    def locate(self, key: str, at: str = "", offset: int | None = None) -> Location:
        """Return where a key is, or else the table above it.

        With `offset`, return where the character is that has it in the words of the key's text.
        """
        if any(f"{key}.".startswith(f"{one}.") for one in self._overrides):
            return Location(math.inf, self._option)
        names = at or key.replace('"', "")
        while names and names not in self._keys:
            names = names.rpartition(".")[0]
        if not names:
            return Location(0, self._source.file)
        found = self._keys[names]
        if offset is None:
            return self._at(found.start)
        return self._at(_inside(self._source.text, found.value, offset), exact=True)

    def _at(self, position: int, *, exact: bool = False) -> Location:
        before = self._source.text[:position]
        line, column = before.count("\n") + 1, position - before.rfind("\n")
        return Location(line, f"{self._source.file}:{line}{f':{column}' * exact}")

    @cached_property
    def _keys(self) -> dict[str, TomlKey]:
        """The keys by their names in messages, such as `device.air.every` and `device[1].every`.

        Of two entries with one name, the last one has it. A table without a heading begins with
        its first key.
        """
        found: dict[str, TomlKey] = {}
        for one in _read(self._source.text):
            for names in (_numbered(one.path), _named(one.path, self._source.tables)):
                *above, own = names
                for name in above:
                    found.setdefault(name, one)
                found[own] = one
        return found


def _read(text: str) -> list[TomlKey]:
    try:
        return toml_keys(text)
    except RecursionError:
        return []


def _numbered(path: KeyPath) -> list[str]:
    """Return the names of a path and of what is above it, the longest last."""
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path]
    return ["".join(parts[:length]).lstrip(".") for length in range(1, len(parts) + 1)]


def _named(path: KeyPath, tables: Any) -> list[str]:  # noqa: ANN401 - anything that TOML has
    parts: list[str] = []
    for part in path:
        tables = tables[part]
        parts.append(_entry(part, tables) if isinstance(part, int) else part)
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _entry(number: int, entry: object) -> str:
    return str(entry.get("name", number + 1) if isinstance(entry, dict) else number + 1)


def _inside(text: str, start: int, offset: int) -> int:
    """Return where a character of a text's words is written; the words are a space apart."""
    words = -1
    apart = False
    for position, character in _characters(text, start):
        if character.isspace():
            apart = words >= 0
            continue
        words += 1 + apart
        apart = False
        if words >= offset:
            return position
    return start


def _characters(text: str, start: int) -> Iterator[tuple[int, str]]:
    """Yield where each character of a text begins; what an escape stands for is "x" or a space."""
    quote = next((one for one in QUOTES if text.startswith(one, start)), None)
    at = start + len(quote or "")
    while quote and not text.startswith(quote, at):
        escaped = ESCAPE.match(text, at) if '"' in quote else None
        written = escaped[0] if escaped else text[at]
        if not (escaped and "\n" in written):  # a line that continues
            yield at, STANDS_FOR.get(written, "x") if escaped else written
        at += len(written)
