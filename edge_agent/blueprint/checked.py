"""The whole check of a configuration: also whether the packages that its sinks need are there."""

from collections.abc import Iterable
from pathlib import Path

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.errors import ConfigError


def checked(file: Path, overrides: Iterable[str] = ()) -> Blueprint:
    """Return the blueprint of a file; raise ConfigError with every problem.

    A simulation needs no packages of sinks: it uses `resolve`.
    """
    blueprint = resolve(file, overrides)
    missing = tuple(
        f"{file}: sink.{plan.name}: {error}"
        for plan, kind in blueprint.sinks
        for error in kind.missing(plan)
    )
    if missing:
        raise ConfigError(missing)
    return blueprint
