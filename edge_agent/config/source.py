"""The text of a configuration: TOML, and keys that the command line overrides."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge_agent.config.mistakes import remedy
from edge_agent.errors import ConfigError


def parse(path: Path) -> dict[str, Any]:
    """Return the file's tables; raise ConfigError if it cannot be read as TOML."""
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")
        return tomllib.loads(text)
    except FileNotFoundError:
        how = "`edge-agent init` writes one, or start from examples/greenhouse.toml"
        raise ConfigError((f"{path}: no such file; {how}",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}; make it readable for this user",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8",)) from None
    except tomllib.TOMLDecodeError as error:
        what = f"{path}: not TOML: {error}; {remedy(text, str(error))}"
        raise ConfigError((what,)) from None


def apply_override(tables: dict[str, Any], override: str) -> Iterator[str]:
    """Set one key: `mqtt.url=…`, or `device.air.every=5s` by the device's name."""
    key, equals, text = override.partition("=")
    *path, last = key.strip().split(".")
    place = _descend(tables, path)
    if not equals or place is None:
        yield f'--set {override}: no such key; write it as --set mqtt.url="mqtt://host"'
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
