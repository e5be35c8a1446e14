"""Relative paths of a configuration begin at the folder of its file, wherever the agent runs.

The service runs in a directory that systemd empties. A value that names no file is left alone.
"""

import re
from pathlib import Path
from typing import Any

FILES = re.compile(r"ca|certificate|key|\w+_file")  # the keys of sinks and [mqtt] that name a file
RELATIVE = ("./", "../")  # how a file that may be a secret has to begin; see `keys`


def anchored(tables: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the tables of a file in this folder, with absolute paths."""
    found: dict[str, Any] = _below(tables, folder)
    log = found.get("log")
    if isinstance(log, dict) and isinstance(log.get("path"), str):
        found["log"] = {**log, "path": anchored_log(log["path"], folder)}
    return found


def anchored_log(path: str, folder: Path) -> str:
    """Return the path of the event log; one that begins with ~ or a variable is expanded later."""
    return str(folder / path) if path and path[0] not in "~$" else path


def _below(value: Any, folder: Path) -> Any:  # noqa: ANN401 - anything that TOML has
    if isinstance(value, list):
        return [_below(one, folder) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _file(key, one, folder) for key, one in value.items()}


def _file(key: str, value: Any, folder: Path) -> Any:  # noqa: ANN401
    if isinstance(value, str) and FILES.fullmatch(key) and value.startswith(RELATIVE):
        return str(folder / value)
    return _below(value, folder)
