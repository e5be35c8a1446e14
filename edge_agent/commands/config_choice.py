"""Which configuration a command uses: an argument or -c names it, before or after the command."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import click

from edge_agent.example_files import GREENHOUSE
from edge_agent.paths import CONFIG_FILE

VARIABLE = "EDGE_AGENT_CONFIG"
NAMED = "edge_agent.config"  # what -c named, in what click keeps for all commands of a call

ARGUMENT, OPTION = "config", "config_option"  # the names of the parameters
Decorator: TypeAlias = Callable[[Any], Any]  # of a command, as click decorates it


def _remember(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    """Keep a name for the command that is called; raise UsageError for a second one."""
    named = ctx.meta.setdefault(NAMED, path)
    if named is None:
        ctx.meta[NAMED] = path
    elif path not in (None, named):
        raise click.UsageError(f"two configurations are named, {named} and {path}: leave one out")


def _chosen(example: bool, ctx: click.Context, parameter: click.Parameter, path: Any) -> Path:  # noqa: ANN401
    """Return the configuration that is named, here or before, or else the usual one."""
    _remember(ctx, parameter, path)
    named: Path | None = ctx.meta[NAMED]
    if named is not None:
        return named
    if variable := os.environ.get(VARIABLE):
        return Path(variable)
    return GREENHOUSE if example or _is_simulated(ctx) else Path(CONFIG_FILE)


def _is_simulated(ctx: click.Context | None) -> bool:
    """Return whether an option asks for the simulation, here or before the command."""
    if ctx is None:
        return False
    asked = any(ctx.params.get(name) for name in ("simulate", "simulated"))
    return asked or _is_simulated(ctx.parent)


def _option(name: str, **more: Any) -> Decorator:  # noqa: ANN401
    path = click.Path(path_type=Path)
    return click.option("-c", "--config", name, type=path, metavar="CONFIG", **more)


def _help(default: str) -> str:
    return f"The configuration, or - for standard input; default: ${VARIABLE}, or {default}."


def _argument(default: str, *, example: bool = False) -> Decorator:
    argument = click.argument(
        ARGUMENT,
        type=click.Path(path_type=Path),
        required=False,
        callback=partial(_chosen, example),
    )
    option = _option(
        OPTION, expose_value=False, is_eager=True, callback=_remember, help=_help(default)
    )
    return lambda command: argument(option(command))


SERVICE = CONFIG_FILE
EXAMPLE = "the greenhouse example"

config_before = _option(
    OPTION,
    expose_value=False,
    callback=_remember,
    help=f"The configuration of the command; default: ${VARIABLE}.",
)
config_argument = _argument(SERVICE)
log_argument = _argument(f"{SERVICE}; with --simulated: {EXAMPLE}")
simulation_argument = _argument(f"{SERVICE}; with --simulate: {EXAMPLE}")
example_argument = _argument(EXAMPLE, example=True)
example_option = _option(ARGUMENT, callback=partial(_chosen, True), help=_help(EXAMPLE))
