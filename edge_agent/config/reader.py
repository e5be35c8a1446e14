"""TOML → frozen Config: the only reader of the configuration file.

All problems are collected, so that one `check` shows everything that needs fixing.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec.structs import FieldInfo, fields

from edge_agent.config.config import Config
from edge_agent.config.settings import OPTIONS, Form, Settings, description, keys, nested
from edge_agent.config.source import apply_override, parse
from edge_agent.errors import ConfigError
from edge_agent.problems import Problems, unknown
from edge_agent.units import decode

T = TypeVar("T", bound=Settings)


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
    return TableReader(problems).table(Config, tables) or Config()


class TableReader:
    """Turns TOML tables into settings, key by key, and notes every problem on the way."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def table(self, kind: type[T], table: dict[str, Any], where: str = "") -> T | None:
        """Return the settings; a key with a problem keeps its default, or None if it has none.

        `where` is the prefix of the table's keys in messages, such as `device.air.`.
        """
        values = {
            **self._tables(kind, table, where),
            **self._options(kind, table, where),
            **self._values(kind, table, where),
        }
        required = (field.name for field in fields(kind) if field.required)
        return kind(**values) if all(name in values for name in required) else None

    def _tables(self, kind: type[Settings], table: dict[str, Any], where: str) -> dict[str, Any]:
        readers = {Form.TABLE: self._one, Form.LIST: self._list, Form.NAMED: self._named}
        found = {
            field.name: readers[form](inner, table[field.encode_name], where + field.encode_name)
            for field, form, inner in nested(kind)
            if field.encode_name in table
        }
        return {name: one for name, one in found.items() if one is not None}

    def _one(self, kind: type[T], table: object, name: str) -> T | None:
        if isinstance(table, dict):
            return self.table(kind, table, f"{name}.")
        self._problems.note(name, table, f"expected a table: write [{name}]")
        return None

    def _list(self, kind: type[T], entries: object, name: str) -> tuple[T, ...]:
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            self._problems.note(name, entries, f"expected a list of tables: write [[{name}]]")
            return ()
        found = [
            self.table(kind, entry, f"{name}.{entry.get('name', number)}.")
            for number, entry in enumerate(entries, 1)
        ]
        return tuple(one for one in found if one is not None)

    def _named(self, kind: type[T], tables: object, name: str) -> dict[str, T]:
        if not isinstance(tables, dict):
            self._problems.note(name, tables, f"expected tables: write [{name}.<name>]")
            return {}
        found = {key: self._one(kind, one, f"{name}.{key}") for key, one in tables.items()}
        return {key: one for key, one in found.items() if one is not None}

    def _options(self, kind: type[Settings], table: dict[str, Any], where: str) -> dict[str, Any]:
        """Take the keys that are none of ours: the driver's own, where the table has options."""
        known = {field.encode_name for field in fields(kind)} - {OPTIONS}
        others = {key: value for key, value in table.items() if key not in known}
        if OPTIONS in kind.__struct_fields__:
            return {OPTIONS: others}
        for key, value in others.items():
            self._problems.note(where + key, value, unknown(key, known))
        return {}

    def _values(self, kind: type[Settings], table: dict[str, Any], where: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field in keys(kind):
            key = field.encode_name
            if key in table:
                values |= self._converted(field, table[key], where + key)
            elif field.required:
                self._problems.missing(where + key, description(field))
        return values

    def _converted(self, field: FieldInfo, value: object, key: str) -> dict[str, Any]:
        try:
            return {field.name: msgspec.convert(value, field.type, dec_hook=decode)}
        except msgspec.ValidationError as error:
            self._problems.note(key, value, f"{reason(error)}; wanted: {description(field)}")
            return {}


def reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint without its path and patterns, which users need not read."""
    text = str(error).split(" - at")[0].split(" matching regex")[0].replace("`", "")
    return text[:1].lower() + text[1:]
