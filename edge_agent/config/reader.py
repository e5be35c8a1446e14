"""TOML → frozen Config: the only reader of the configuration file.

All problems are collected, so that one `check` shows everything that needs fixing.
"""

import copy
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import FieldInfo

from edge_agent.config.config import Config
from edge_agent.config.locations import TomlLocations
from edge_agent.config.remedy import remedy
from edge_agent.config.settings import (
    OPTIONS,
    UNBOUNDED,
    Form,
    Settings,
    description,
    fields,
    keys,
    nested,
    tables,
)
from edge_agent.config.source import apply_override, parse, representable
from edge_agent.config.words import OTHER_WORDS, instead
from edge_agent.errors import ConfigError
from edge_agent.keys import REDACTED, SENSITIVE, hides, mark, without_secrets
from edge_agent.problems import Problems, unknown
from edge_agent.reasons import reason
from edge_agent.units import decode

T = TypeVar("T", bound=Settings)


def load(path: Path, overrides: Iterable[str] = ()) -> Config:
    """Read the file, apply `key=value` overrides; raise ConfigError with every problem."""
    config, problems = read(path, overrides)
    if problems.lines:
        raise ConfigError(problems.lines)
    return config


class ReadConfig(NamedTuple):
    """A configuration as far as it can be understood; what else is wrong is noted as well."""

    config: Config
    problems: Problems


def read(path: Path, overrides: Iterable[str] = ()) -> ReadConfig:
    """Read the file as far as it can be understood; raise ConfigError if it is not TOML."""
    source, given = parse(path), tuple(overrides)
    keys = tuple(one.partition("=")[0].strip() for one in given)
    problems = Problems(TomlLocations(source, keys))
    tables = copy.deepcopy(source.tables)
    for override in given:
        apply_override(tables, override, problems)
    readable = representable(tables, problems)
    return ReadConfig(TableReader(problems).table(Config, readable) or Config(), problems)


class Where(NamedTuple):
    """A table's place: `key` as messages name it, `heading` as TOML writes it.

    `at` has the numbers of entries, which unlike their names differ.
    """

    key: str = ""  # device.air.channel.temperature
    heading: str = ""  # device.channel.temperature
    at: str = ""  # device[1].channel.temperature

    def below(self, key: str) -> "Where":
        """Return the place of a key of this table."""
        return Where(*(f"{above}.{key}".lstrip(".") for above in self))

    def entry(self, name: object, number: int) -> "Where":
        """Return the place of an entry of this list of tables; the first one has number 1."""
        return Where(f"{self.key}.{name}", self.heading, f"{self.at}[{number}]")


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
        self._note(where, without_secrets(table), f"expected a table: write [{where.heading}]")
        return None

    def _list(self, kind: type[T], entries: object, where: Where) -> tuple[T, ...]:
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            what = f"expected a list of tables: write [[{where.heading}]]"
            self._problems.add(f"{where.key}: {what}", at=where.at)
            return ()
        found = [
            self.table(kind, entry, where.entry(entry.get("name", number), number))
            for number, entry in enumerate(entries, 1)
        ]
        return tuple(one for one in found if one is not None)

    def _named(self, kind: type[T], tables: object, where: Where) -> dict[str, T]:
        if not isinstance(tables, dict):
            what = f"expected tables: write [{where.heading}.<name>]"
            self._note(where, without_secrets(tables), what)
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
            what = instead(where.heading).get(key, "") or _owner(key)
            what = f"unknown; {what}" if what else unknown(key, known)
            secret = SENSITIVE.search(key) or SENSITIVE.search(what)  # perhaps a misspelt key
            shown = REDACTED if secret else without_secrets(value)
            self._note(where.below(key), shown, what)
        return {}

    def _values(self, kind: type[Settings], table: dict[str, Any], where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in keys(kind):
            key = where.below(field.encode_name)
            if field.encode_name in table:
                values |= self._converted(field, table[field.encode_name], key)
            elif field.required:
                self._missing(field, table, where)
        return values

    def _missing(self, field: FieldInfo, table: dict[str, Any], where: Where) -> None:
        """Note a required key that is missing, if not its other name was noted."""
        words = OTHER_WORDS.get(where.heading, {})
        other = next((one for one in table if words.get(one) == field.encode_name), "")
        key = where.below(other or field.encode_name)
        if not other:
            self._problems.missing(key.key, description(field), at=key.at)
        elif where.heading in {"device", "output"}:  # where it could be an option of a driver
            what = f"unknown; write {field.encode_name}"
            self._note(key, without_secrets(table[other]), what)

    def _converted(self, field: FieldInfo, given: object, key: Where) -> dict[str, Any]:
        """Return the field's value; nothing if there is a problem with it."""
        try:
            value = msgspec.convert(given, field.type, dec_hook=decode)
            what = "" if _in_range(field, value) else "out of range"
        except msgspec.ValidationError as error:
            what = "empty" if given == "" else reason(error)
            if hides(mark(field), given) or without_secrets(given) != given:
                what = re.sub("'.*'", REDACTED, what)
            else:
                what += remedy(field, given, str(error))
        if what:
            shown = REDACTED if hides(mark(field), given) else without_secrets(given)
            self._note(key, shown, f"{what}; wanted: {description(field)}")
            return {}
        return {field.name: value}

    def _note(self, where: Where, value: object, what: str) -> None:
        self._problems.note(where.key, value, what, at=where.at)


def _owner(key: str) -> str:
    """Return where a key belongs, if it is one of a single table."""
    owners = [heading for heading, kind in tables(Config) if key in _names(kind)]
    return f"write it below {owners[0]}" if len(owners) == 1 and owners[0] else ""


def _names(kind: type[Settings]) -> set[str]:
    return {field.encode_name for field in keys(kind)}


def _in_range(field: FieldInfo, value: Any) -> bool:  # noqa: ANN401
    """Return whether a value is finite and in the range that its table declares."""
    low, high = mark(field).get("range", UNBOUNDED)
    inside = low <= value <= high if (low, high) != UNBOUNDED else True
    return inside and all(map(math.isfinite, _floats(value)))


def _floats(value: Any) -> Iterator[float]:  # noqa: ANN401
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for one in value:
            yield from _floats(one)
    elif isinstance(value, float):
        yield value
