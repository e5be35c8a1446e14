"""From the configuration to a blueprint: everything checked, nothing opened yet.

`check` resolves a blueprint and reports the problems; `run` and `simulate` build the agent from it.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint.collisions import note_collisions
from edge_agent.blueprint.compensation import resolve_compensation
from edge_agent.blueprint.devices import (
    DeviceResolver,
    ResolvedDevice,
    ResolvedOutput,
)
from edge_agent.blueprint.header import note_header
from edge_agent.blueprint.home_assistant import note_home_assistant
from edge_agent.blueprint.interlocks import note_interlocks
from edge_agent.blueprint.levels import note_levels
from edge_agent.blueprint.limits import note_limits
from edge_agent.blueprint.measured import note_unmeasured
from edge_agent.blueprint.metrics import note_metrics
from edge_agent.blueprint.rules import resolve_rules
from edge_agent.blueprint.sinks import ResolvedSink, resolve_sinks
from edge_agent.blueprint.web import note_web
from edge_agent.config.config import Config
from edge_agent.config.reader import read
from edge_agent.errors import ConfigError
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.problems import Problems


class Blueprint(NamedTuple):
    """An agent as configured, checked as far as possible without hardware."""

    config: Config
    devices: tuple[ResolvedDevice, ...]
    outputs: tuple[ResolvedOutput, ...]
    rules: tuple[Rule, ...]
    sinks: tuple[ResolvedSink, ...]

    @property
    def placed(self) -> tuple[ResolvedDevice | ResolvedOutput, ...]:
        """All devices and outputs."""
        return (*self.devices, *self.outputs)


def resolve(path: Path, overrides: Iterable[str] = ()) -> Blueprint:
    """Return the blueprint of a configuration file; raise ConfigError with every problem."""
    blueprint, problems = resolve_all(path, overrides)
    if problems.lines:
        raise ConfigError(problems.lines)
    return blueprint


def resolve_all(path: Path, overrides: Iterable[str] = ()) -> tuple[Blueprint, Problems]:
    """Return what can be resolved of a file, and what is wrong with the rest.

    Raise ConfigError if it is not TOML.
    """
    config, problems = read(path, overrides)
    note_limits(config, problems)
    note_metrics(config, problems)
    note_web(config, problems)
    resolver = DeviceResolver(Catalog("edge_agent.drivers"), problems)
    devices = resolve_compensation(resolver.devices(config.device), problems)
    note_unmeasured(devices, problems)
    outputs = resolver.outputs(config.output)
    note_levels(config, outputs, problems)
    note_interlocks(config, problems)
    note_collisions(config, (*devices, *outputs), problems)
    note_header((*devices, *outputs), problems)
    rules = resolve_rules(config, devices, problems)
    sinks = resolve_sinks(config, problems)
    note_home_assistant(config, devices, outputs, problems)
    return Blueprint(config, devices, outputs, rules, sinks), problems
