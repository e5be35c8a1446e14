"""The configuration as the page shows it: without secrets, and with the result of a check."""

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from edge_agent.acquire.hardware import RealHardware
from edge_agent.blueprint.checked import checked
from edge_agent.clock import Clock
from edge_agent.config.config import Config
from edge_agent.config.origin import ConfigOrigin
from edge_agent.config.source import apply_override, parse
from edge_agent.doctor.case import Case, Probes, open_case
from edge_agent.doctor.instruments.redaction import redaction
from edge_agent.doctor.instruments.secret_keys import safe_tables
from edge_agent.errors import ConfigError
from edge_agent.machine import Machine
from edge_agent.problems import NoLocations, Problems


class ConfigurationReport(msgspec.Struct, frozen=True):
    """What a file and the command line say; `set` are the keys of the latter.

    `changed` if the agent would run with something else after a reload.
    """

    file: str
    set: Sequence[str]
    tables: dict[str, Any]
    problems: Sequence[str]
    changed: bool


def configuration_report(
    origin: ConfigOrigin, running: Config, clock: Clock
) -> ConfigurationReport:
    """Read and check the configuration again; raise nothing for any content of it."""
    tables = _tables(origin)
    problems: tuple[str, ...] = ()
    changed = False
    try:
        changed = checked(*origin).config != running
    except ConfigError as error:
        problems = error.problems
    secrets = redaction(tables, case_of(origin, clock).credentials)
    return ConfigurationReport(
        str(origin.file),
        [one.partition("=")[0] for one in origin.overrides],
        safe_tables(tables),
        [secrets.redact(line) for line in problems],
        changed,
    )


def case_of(origin: ConfigOrigin, clock: Clock) -> Case:
    """Return what the doctor examines; its hardware opens nothing until a check uses it."""
    return open_case(
        Machine(),
        origin.file,
        clock=clock,
        hardware=RealHardware(),
        probes=Probes(),
        environment=os.environ,
    )


def _tables(origin: ConfigOrigin) -> dict[str, Any]:
    try:
        tables = parse(origin.file).tables
    except ConfigError:
        return {}
    for override in origin.overrides:
        apply_override(tables, override, Problems(NoLocations("")))  # the check reports them
    return tables
