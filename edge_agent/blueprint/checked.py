"""The whole check of a configuration: also whether the packages that its sinks need are there."""

from collections.abc import Iterable
from pathlib import Path

from edge_agent.blueprint import Blueprint, resolve_all
from edge_agent.errors import ConfigError


def checked(file: Path, overrides: Iterable[str] = ()) -> Blueprint:
    """Return the blueprint of a file; raise ConfigError with every problem.

    A simulation needs no packages of sinks: it uses `resolve`.
    """
    blueprint, problems = resolve_all(file, overrides)
    for plan, kind in blueprint.sinks:
        for error in kind.missing(plan):
            problems.add(f"sink.{plan.name}: {error}")
    if problems.lines:
        raise ConfigError(problems.lines)
    return blueprint
