"""The text of a configuration with other numbers in the table of one channel."""

import copy
import json
import tomllib
from collections.abc import Callable, Mapping
from itertools import dropwhile
from typing import Any

from edge_agent.config.toml_keys import NAME, SCALAR, KeyPath, TomlKey, toml_keys


def with_channel(text: str, device: str, channel: str, numbers: Mapping[str, float]) -> str | None:
    """Return the text with these keys set; None if its form does not allow it.

    Comments, order and line ends stay as they are.
    """
    tables = tomllib.loads(text)
    names = [one.get("name") for one in tables["device"]]
    path: KeyPath = ("device", names.index(device), "channel", channel)
    fresh = _replaced(text, path, numbers)
    missing = [key for key in numbers if (*path, key) not in _paths(text)]
    lines = [f"{key} = {numbers[key]!r}" for key in missing]
    fresh = _inserted(fresh, path, lines) if lines else fresh
    return fresh if _reads(fresh, _wanted(tables, path, numbers)) else None


def channel_lines(channel: str, numbers: Mapping[str, float]) -> list[str]:
    """Return the lines to paste below the table of the device."""
    return [_heading(channel), *(f"{key} = {number!r}" for key, number in numbers.items())]


def _heading(channel: str) -> str:
    return f"[device.channel.{channel if NAME.fullmatch(channel) else json.dumps(channel)}]"


def _paths(text: str) -> dict[KeyPath, TomlKey]:
    return {one.path: one for one in toml_keys(text)}


def _replaced(text: str, path: KeyPath, numbers: Mapping[str, float]) -> str:
    """Return the text with other values of the keys that it has; the last one goes first."""
    places = {one.value: numbers[key] for key in numbers if (one := _paths(text).get((*path, key)))}
    for start, number in sorted(places.items(), reverse=True):
        found = SCALAR.match(text, start)
        written = found[0].rstrip() if found else ""
        text = f"{text[:start]}{number!r}{text[start + len(written) :]}"
    return text


def _inserted(text: str, path: KeyPath, lines: list[str]) -> str:
    """Return the text with more lines in the channel's table, or with the table."""
    table = _paths(text).get(path)
    if table is not None and text[table.start] == "[":
        at = _line_end(text, table.start)
    else:
        at = _device_end(text, path[:2])
        lines = ["", _heading(str(path[-1])), *lines]
    line_end = "\r\n" if "\r\n" in text else "\n"
    before = text[:at] + ("" if text[:at].endswith("\n") else line_end)
    return before + "".join(f"{line}{line_end}" for line in lines) + text[at:]


def _line_end(text: str, start: int) -> int:
    """Return where the line after this position begins."""
    return text.find("\n", start) + 1 or len(text)


def _device_end(text: str, device: KeyPath) -> int:
    """Return where a device's tables end: before the next table and the comment above that."""
    keys = toml_keys(text)
    last = max(index for index, one in enumerate(keys) if one.path[:2] == device)
    end = keys[last + 1].start if last + 1 < len(keys) else len(text)
    lines = text[:end].splitlines(keepends=True)
    if end < len(text):
        lines = _without_last(lines, lambda line: line.startswith("#"))
    return len("".join(_without_last(lines, lambda line: not line.strip())))


def _without_last(lines: list[str], unwanted: Callable[[str], bool]) -> list[str]:
    return list(dropwhile(unwanted, reversed(lines)))[::-1]


def _wanted(tables: dict[str, Any], path: KeyPath, numbers: Mapping[str, float]) -> dict[str, Any]:
    wanted: Any = copy.deepcopy(tables)
    _, number, _, channel = path
    device = wanted["device"][number]
    device.setdefault("channel", {}).setdefault(channel, {}).update(numbers)
    return dict(wanted)


def _reads(text: str, tables: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == tables
    except tomllib.TOMLDecodeError:
        return False
