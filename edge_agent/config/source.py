"""The text of a configuration: TOML, and keys that the command line overrides."""

import errno
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from edge_agent.config.anchored import anchored, anchored_log
from edge_agent.config.locations import TomlText
from edge_agent.config.mistakes import syntax_problem
from edge_agent.errors import ConfigError
from edge_agent.paths import LARGEST, bounded_content
from edge_agent.problems import Problems

STANDARD_INPUT = Path("-")


def parse(path: Path) -> TomlText:
    """Return the file's tables, with absolute paths; raise ConfigError if it is not TOML."""
    text = ""
    try:
        text = _bytes(path).decode("utf-8-sig").replace("\r\n", "\n")
        tables = anchored(tomllib.loads(text), path.parent.absolute())
        return TomlText(str(path), text, tables)
    except RecursionError:
        raise ConfigError((f"{path}: nested too deeply; write [tables]",)) from None
    except FileNotFoundError:
        how = "`edge-agent init` writes one, or start from examples/greenhouse.toml"
        raise ConfigError((f"{path}: no such file; {how}",)) from None
    except PermissionError as error:
        raise ConfigError((f"{path}: {error.strerror}; make it readable for this user",)) from None
    except OSError as error:
        raise ConfigError((f"{path}: {error.strerror}; name a text file",)) from None
    except UnicodeDecodeError as error:
        raise ConfigError((f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8",)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((f"{path}{syntax_problem(text, str(error))}",)) from None
    except ValueError:
        raise ConfigError((f"{path}: a number has thousands of digits; shorten it",)) from None


def _bytes(path: Path) -> bytes:
    if path != STANDARD_INPUT:
        return bounded_content(path)
    if len(standard_input()) > LARGEST:
        raise OSError(errno.EFBIG, "more than 1 MB")
    return standard_input()


@cache
def standard_input() -> bytes:
    """Return what standard input has, not more than is refused; a reload reads the same again."""
    return sys.stdin.buffer.read(LARGEST + 1)


def apply_override(tables: dict[str, Any], override: str, problems: Problems) -> None:
    """Set one key: `mqtt.url=…`, or `device.air.every=5s` by the device's name.

    A relative path of the event log begins at the current directory.
    """
    key, equals, text = override.partition("=")
    *path, last = key.strip().split(".")
    place = _descend(tables, path)
    if not equals or place is None:
        problems.add(f'{key}: no such key; write it as --set mqtt.url="mqtt://host"')
        return
    value = _value(text)
    if (*path, last) == ("log", "path") and isinstance(value, str):
        value = anchored_log(value, Path.cwd())
    place[last] = value


def _descend(table: dict[str, Any], path: list[str]) -> dict[str, Any] | None:
    place: Any = table
    for part in path:
        if isinstance(place, list):
            place = next((entry for entry in place if entry.get("name") == part), None)
        elif isinstance(place, dict):
            place = place.setdefault(part, {})
    return place if isinstance(place, dict) else None


def representable(value: Any, problems: Problems, key: str = "") -> Any:  # noqa: ANN401
    """Return tables without what no key takes, and note each: a NUL character, a huge number."""
    if isinstance(value, dict):
        below = {name: f"{key}.{name}".lstrip(".") for name in value}
        return {name: representable(one, problems, below[name]) for name, one in value.items()}
    if isinstance(value, list):
        return [representable(one, problems, _entry(key, one)) for one in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        what = "TOML has no whole number of more than 64 bits; write a smaller one"
        problems.unusable(key, what)
        return 0
    if not isinstance(value, str) or "\0" not in value:
        return value
    # the kernel refuses it in a path
    problems.unusable(key, "there is a NUL character in it; remove it")
    return value.replace("\0", "")


def _entry(key: str, entry: object) -> str:
    """Return how messages name an entry of a list: by its name, if it has one."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return f"{key}.{name}" if isinstance(name, str) and "\0" not in name else key


def _value(text: str) -> Any:  # noqa: ANN401
    """Return what TOML makes of the text; a bare word is a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
