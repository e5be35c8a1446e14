"""TOML → frozen Config: the only reader of the configuration file.

All problems are collected, so that one `check` shows everything that needs fixing.
"""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from edge_agent.config.config import Config
from edge_agent.config.mistakes import MISPLACED
from edge_agent.config.settings import (
    OPTIONS,
    UNBOUNDED,
    Form,
    Settings,
    description,
    keys,
    nested,
)
from edge_agent.config.source import apply_override, parse, without_nul
from edge_agent.errors import ConfigError
from edge_agent.keys import REDACTED, SENSITIVE, hides, mark, without_secrets
from edge_agent.problems import Problems, unknown
from edge_agent.units import decode

T = TypeVar("T", bound=Settings)
TYPES = {  # msgspec's names, as users know them
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def load(path: Path, overrides: Iterable[str] = ()) -> Config:
    """Read the file, apply `key=value` overrides; raise ConfigError with every problem."""
    problems = Problems(str(path))
    config = read(path, overrides, problems)
    if problems.lines:
        raise ConfigError(tuple(problems.lines))
    return config


def read(path: Path, overrides: Iterable[str], problems: Problems) -> Config:
    """Read the file as far as it can be understood; raise ConfigError if it is not TOML."""
    tables = parse(path)
    for override in overrides:
        problems.lines.extend(apply_override(tables, override))
    readable = without_nul(tables, problems)
    return TableReader(problems).table(Config, readable) or Config()


class Where(NamedTuple):
    """A table's place: `key` as messages name it, `heading` as TOML writes it."""

    key: str = ""  # device.air.channel.temperature
    heading: str = ""  # device.channel.temperature

    def below(self, key: str) -> "Where":
        """Return the place of a key of this table."""
        return Where(f"{self.key}.{key}".lstrip("."), f"{self.heading}.{key}".lstrip("."))

    def entry(self, name: object) -> "Where":
        """Return the place of an entry of this list of tables."""
        return self._replace(key=f"{self.key}.{name}")


TOP = Where()


class TableReader:
    """Turns TOML tables into settings, key by key, and notes every problem on the way."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def table(self, kind: type[T], table: dict[str, Any], where: Where = TOP) -> T | None:
        """Return the settings; a key with a problem has its default.

        None if a required key is missing or has a problem.
        """
        values = {
            **self._tables(kind, table, where),
            **self._options(kind, table, where),
            **self._values(kind, table, where),
        }
        required = (field.name for field in fields(kind) if field.required)
        return kind(**values) if all(name in values for name in required) else None

    def _tables(self, kind: type[Settings], table: dict[str, Any], where: Where) -> dict[str, Any]:
        readers = {Form.TABLE: self._one, Form.LIST: self._list, Form.NAMED: self._named}
        found = {
            field.name: readers[form](inner, table[key], where.below(key))
            for field, form, inner in nested(kind)
            if (key := field.encode_name) in table
        }
        return {name: one for name, one in found.items() if one is not None}

    def _one(self, kind: type[T], table: object, where: Where) -> T | None:
        if isinstance(table, dict):
            return self.table(kind, table, where)
        self._problems.note(
            where.key, without_secrets(table), f"expected a table: write [{where.heading}]"
        )
        return None

    def _list(self, kind: type[T], entries: object, where: Where) -> tuple[T, ...]:
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            self._problems.add(f"{where.key}: expected a list of tables: write [[{where.heading}]]")
            return ()
        found = [
            self.table(kind, entry, where.entry(entry.get("name", number)))
            for number, entry in enumerate(entries, 1)
        ]
        return tuple(one for one in found if one is not None)

    def _named(self, kind: type[T], tables: object, where: Where) -> dict[str, T]:
        if not isinstance(tables, dict):
            what = f"expected tables: write [{where.heading}.<name>]"
            self._problems.note(where.key, without_secrets(tables), what)
            return {}
        found = {name: self._one(kind, one, where.below(name)) for name, one in tables.items()}
        return {name: one for name, one in found.items() if one is not None}

    def _options(self, kind: type[Settings], table: dict[str, Any], where: Where) -> dict[str, Any]:
        """Return the driver's own keys if the table has options; note other unknown keys."""
        known = {field.encode_name for field in fields(kind)} - {OPTIONS}
        others = {key: value for key, value in table.items() if key not in known}
        if OPTIONS in kind.__struct_fields__:
            return {OPTIONS: others}
        for key, value in others.items():
            what = MISPLACED.get(where.key, {}).get(key)
            what = f"unknown; {what}" if what else unknown(key, known)
            secret = SENSITIVE.search(key) or SENSITIVE.search(what)  # perhaps a misspelt key
            shown = REDACTED if secret else without_secrets(value)
            self._problems.note(where.below(key).key, shown, what)
        return {}

    def _values(self, kind: type[Settings], table: dict[str, Any], where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in keys(kind):
            name = where.below(field.encode_name).key
            if field.encode_name in table:
                values |= self._converted(field, table[field.encode_name], name)
            elif field.required:
                self._problems.missing(name, description(field))
        return values

    def _converted(self, field: FieldInfo, given: object, name: str) -> dict[str, Any]:
        """Return the field's value; nothing if there is a problem with it."""
        try:
            value = msgspec.convert(given, field.type, dec_hook=decode)
            what = "" if _in_range(field, value) else "out of range"
        except msgspec.ValidationError as error:
            what = reason(error) + _remedy(field, given, str(error))
        if what:
            shown = REDACTED if hides(mark(field), given) else without_secrets(given)
            self._problems.note(name, shown, f"{what}; wanted: {description(field)}")
            return {}
        return {field.name: value}


def _in_range(field: FieldInfo, value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is finite and in the range that its table declares."""
    low, high = mark(field).get("range", UNBOUNDED)
    inside = low <= value <= high if (low, high) != UNBOUNDED else True
    return inside and all(map(math.isfinite, _floats(value)))


def _remedy(field: FieldInfo, given: object, error: str) -> str:
    """Return what to write instead of a text such as "0x76", "GPIO22" or "Critical"."""
    if not isinstance(given, str):
        return ""
    found = re.search(r"(0x[0-9a-f]+|\d+)$", given, re.IGNORECASE)
    if found and error.startswith("Expected `int"):
        is_decimal = field.encode_name == "address" and found[1].isdecimal()
        return f"; write {'0x' * is_decimal}{found[1]} without quotes"
    small = given.strip().lower()
    try:
        msgspec.convert(small, field.type, dec_hook=decode)
    except msgspec.ValidationError:
        return ""
    return f'; write "{small}"'


def _floats(value: Any) -> Iterator[float]:  # noqa: ANN401
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for one in value:
            yield from _floats(one)
    elif isinstance(value, float):
        yield value


def reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint in plain words, without its path and patterns."""
    text = str(error).split(" - at")[0].split(" matching regex")[0]
    text = re.sub("`([^`]*)`", _plain_types, text).replace("Invalid enum value", "invalid value")
    return text[:1].lower() + text[1:]


def _plain_types(found: re.Match[str]) -> str:
    names = (TYPES.get(name, name) for name in found[1].split(" | ") if name != "null")
    return " or ".join(names)
