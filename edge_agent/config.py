"""TOML → frozen Config: the only reader of the configuration file.

All problems are collected, so that one `check` shows everything there is to mend.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from msgspec.structs import FieldInfo, fields

from edge_agent.errors import ConfigError
from edge_agent.problems import Problems, unknown
from edge_agent.settings import (
    AggregateSettings,
    ChannelSettings,
    CommandSettings,
    Config,
    DeviceSettings,
    LogSettings,
    MqttSettings,
    NotifySettings,
    OutputSettings,
    RuleSettings,
    Settings,
    ThresholdSettings,
)
from edge_agent.units import decode

T = TypeVar("T", bound=Settings)
SECTIONS: dict[str, type[MqttSettings | LogSettings | AggregateSettings | CommandSettings]] = {
    "mqtt": MqttSettings,
    "log": LogSettings,
    "aggregates": AggregateSettings,
    "commands": CommandSettings,
}
LISTS: dict[str, type[DeviceSettings | OutputSettings | RuleSettings | NotifySettings]] = {
    "device": DeviceSettings,
    "output": OutputSettings,
    "rule": RuleSettings,
    "notify": NotifySettings,
}


def load(path: Path, overrides: Iterable[str] = ()) -> Config:
    """Read the file, apply `key=value` overrides; raise ConfigError with every problem."""
    problems = Problems(str(path))
    config = read(path, overrides, problems)
    if problems.lines:
        raise ConfigError(tuple(problems.lines))
    return config


def read(path: Path, overrides: Iterable[str], problems: Problems) -> Config:
    """Read the file as far as it can be understood; raise ConfigError where it is not TOML."""
    tables = parse(path)
    for override in overrides:
        problems.lines.extend(apply_override(tables, override))
    return ConfigReader(problems).config(tables)


def parse(path: Path) -> dict[str, Any]:
    """Return the file's tables; raise ConfigError where it cannot be read as TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError((f"{path}: no such file; start from examples/greenhouse.toml",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}; make it readable for this user",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8",)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"{path}: not TOML: {error}; see https://toml.io",)) from None


def apply_override(tables: dict[str, Any], override: str) -> Iterator[str]:
    """Set one key: `mqtt.url=…`, or `device.air.every=5s` by the device's name."""
    key, equals, text = override.partition("=")
    *path, last = key.strip().split(".")
    place = _descend(tables, path)
    if not equals or place is None:
        yield f'--set {override}: no such place; write it as --set mqtt.url="mqtt://host"'
        return
    place[last] = _value(text)


def _descend(table: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    place: Any = table
    for part in path:
        if isinstance(place, list):
            place = next((entry for entry in place if entry.get("name") == part), None)
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
    return place if isinstance(place, dict) else None


def _value(text: str) -> Any:  # noqa: ANN401
    """Return what TOML makes of the text; a bare word is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


class ConfigReader:
    """Turns tables into settings, key by key, and notes every problem on the way."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def config(self, tables: dict[str, Any]) -> Config:
        """Return the configuration; what has problems keeps its default."""
        own = {k: v for k, v in tables.items() if k not in SECTIONS and k not in LISTS}
        parts: dict[str, Any] = {
            name: self._section(name, kind, tables.get(name, {})) for name, kind in SECTIONS.items()
        }
        parts |= {
            name: self._entries(name, kind, tables.get(name, [])) for name, kind in LISTS.items()
        }
        known = [*SECTIONS, *LISTS, "node"]
        return Config(**self._values(Config, own, "", known), **parts)

    def _section(self, name: str, kind: type[T], table: object) -> T:
        return self._table(name, kind, table) or kind()

    def _table(self, name: str, kind: type[T], table: object) -> T | None:
        if not isinstance(table, dict):
            self._problems.note(name, table, f"expected a table: write [{name}]")
            return None
        values = self._values(kind, table, f"{name}.")
        required = [field.name for field in fields(kind) if field.required]
        return kind(**values) if all(key in values for key in required) else None

    def _entries(self, name: str, kind: type[T], entries: object) -> tuple[T, ...]:
        if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
            self._problems.note(name, entries, f"expected a list of tables: write [[{name}]]")
            return ()
        found = [self._entry(name, kind, n, entry) for n, entry in enumerate(entries, 1)]
        return tuple(entry for entry in found if entry is not None)

    def _entry(self, name: str, kind: type[T], number: int, table: dict[str, Any]) -> T | None:
        where = f"{name}.{table.get('name', number)}."
        table = dict(table)
        extra: dict[str, Any] = {}
        if kind is DeviceSettings and isinstance(table.get("channel"), dict):
            extra["channel"] = self._tables(where, "channel", ChannelSettings, table)
        if kind is RuleSettings and isinstance(table.get("threshold"), dict):
            extra["threshold"] = self._tables(where, "threshold", ThresholdSettings, table)
        if kind in {DeviceSettings, OutputSettings}:
            extra["options"] = self._options(kind, table)
        values = self._values(kind, table, where)
        required = [field.name for field in fields(kind) if field.required]
        return kind(**values, **extra) if all(key in values for key in required) else None

    def _tables(self, where: str, key: str, kind: type[T], table: dict[str, Any]) -> dict[str, T]:
        """Take the tables below a key out, each under a name of its own."""
        found = {
            name: self._table(f"{where}{key}.{name}", kind, one)
            for name, one in table.pop(key).items()
        }
        return {name: one for name, one in found.items() if one is not None}

    def _options(self, kind: type[Settings], table: dict[str, Any]) -> dict[str, Any]:
        """Take the driver's own keys out; `check` compares them with its signature."""
        own = {field.encode_name for field in fields(kind)} - {"options"}
        return {key: table.pop(key) for key in list(table) if key not in own}

    def _values(
        self, kind: type[Settings], table: Mapping[str, Any], where: str, known: Iterable[str] = ()
    ) -> dict[str, Any]:
        settings = {field.encode_name: field for field in fields(kind)}
        for key in table.keys() - settings.keys():
            self._problems.note(where + key, table[key], unknown(key, known or settings))
        values: dict[str, Any] = {}
        for key, field in settings.items():
            if key in table:
                self._convert(where + key, table[key], field, values)
            elif field.required:
                self._problems.missing(where + key, description(field))
        return values

    def _convert(self, key: str, value: object, field: FieldInfo, values: dict[str, Any]) -> None:
        try:
            values[field.name] = msgspec.convert(value, field.type, dec_hook=decode)
        except msgspec.ValidationError as error:
            self._problems.note(key, value, f"{reason(error)}; wanted: {description(field)}")


def reason(error: msgspec.ValidationError) -> str:
    """Return msgspec's complaint without its path and patterns, which users need not read."""
    text = str(error).split(" - at")[0].split(" matching regex")[0].replace("`", "")
    return text[:1].lower() + text[1:]


def description(field: FieldInfo) -> str:
    """Return the field's own words for its expected values."""
    metas = [m for m in getattr(field.type, "__metadata__", ()) if isinstance(m, msgspec.Meta)]
    texts = [meta.description for meta in metas if meta.description]
    return texts[-1] if texts else str(getattr(get_args(field.type), "__name__", field.type))
