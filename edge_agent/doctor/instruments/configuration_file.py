"""The configuration as far as it can be understood, even if it has problems.

The caller may lack what the service gets its secrets from (credentials, variables). The doctor
checks those files itself, so the blueprint is resolved without them.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.config.config import Config
from edge_agent.config.reader import read
from edge_agent.config.source import parse
from edge_agent.errors import ConfigError
from edge_agent.paths import log_path

CHECKED_BY_DOCTOR = re.compile(
    r"mqtt\.(password_file|password_env|ca|certificate|key) = (?!.*: unused;)"
    r"|sink\.[^.]+\.(\w+_file|\w+_env|ca|certificate|key)( = |: )(?!.*: unused;)"
    r"|notify\.[^.]+\.url_file = |notify\.[^.]+\.url: the package apprise"
)
LINE_NUMBER = re.compile(r"^[:\d]*: ")


class ConfigurationFile(NamedTuple):
    """The content of a file; `problems` are those that no check of the doctor reports.

    `unreadable` if the file exists and this user may not read it: then its content is unknown.
    """

    file: Path
    tables: dict[str, Any]
    config: Config | None
    blueprint: Blueprint | None
    problems: tuple[str, ...]
    unreadable: bool = False

    def log(self, state: Path | None) -> Path:
        """Return the path of the event log; `state` is the unit's state directory, if any."""
        config = self.config or Config()
        if state is not None and not config.log.path:
            return state / f"{config.node}.db"
        return log_path(config.log.path, config.node, simulated=False)


def read_configuration(file: Path, installed: Callable[[str], bool]) -> ConfigurationFile:
    """Read the file; raise nothing for any content."""
    try:
        tables = parse(file).tables
        config = read(file).config
    except Exception as error:  # noqa: BLE001 - a file that breaks the reader is a finding too
        unreadable = _is_unreadable(file)
        return ConfigurationFile(file, {}, None, None, _lines(file, error), unreadable)
    try:
        blueprint, problems = _resolved(file, config, installed)
    except Exception as error:  # noqa: BLE001 - so is a driver that breaks
        return ConfigurationFile(file, tables, config, None, _lines(file, error))
    return ConfigurationFile(file, tables, config, blueprint, problems)


def _is_unreadable(file: Path) -> bool:
    try:
        os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK))  # a pipe is not waited for
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _lines(file: Path, error: Exception) -> tuple[str, ...]:
    if isinstance(error, ConfigError):
        return error.problems
    return (f"{file}: cannot be used: {error!r}",)


def _resolved(
    file: Path, config: Config, installed: Callable[[str], bool]
) -> tuple[Blueprint | None, tuple[str, ...]]:
    try:
        return resolve(file), ()
    except ConfigError as error:
        problems = tuple(line for line in error.problems if not _is_checked(file, line))
    if problems:
        return None, problems
    return resolve(file, tuple(_without_secrets(config, installed))), ()


def _is_checked(file: Path, line: str) -> bool:
    said = LINE_NUMBER.sub("", line.removeprefix(str(file)))
    return bool(CHECKED_BY_DOCTOR.match(said))


def _without_secrets(config: Config, installed: Callable[[str], bool]) -> Iterator[str]:
    for key in ("password_file", "password_env", "ca", "certificate", "key"):
        if getattr(config.mqtt, key):
            yield f'mqtt.{key}=""'
    if any(one.options for one in config.sink):
        yield "sink=[]"
    if not installed("apprise") or any(one.url_file for one in config.notify):
        yield "notify=[]"
