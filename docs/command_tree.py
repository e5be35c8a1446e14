"""The commands of a program with their options, read from its argument parser."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from consumers.cli import cli as edge_consumer
from edge_agent.cli import cli as edge_agent

PROGRAMS: dict[str, click.Command] = {"edge-agent": edge_agent, "edge-consumer": edge_consumer}
HELP = ("-h", "--help")


class Option(NamedTuple):
    """An option: its names, what it takes (empty: nothing), what it may be, and what it does."""

    names: tuple[str, ...]
    takes: str
    choices: tuple[str, ...]
    help: str


class Command(NamedTuple):
    """A command below a program: `path` are the words after its name."""

    path: tuple[str, ...]
    usage: str
    help: str
    options: tuple[Option, ...]
    commands: tuple[str, ...]


def commands(program: str) -> Iterator[Command]:
    """Yield the program itself and every command, the outer ones first."""
    yield from _below(PROGRAMS[program], program, (), None)


def _below(
    command: click.Command, name: str, path: tuple[str, ...], parent: click.Context | None
) -> Iterator[Command]:
    context = click.Context(command, info_name=name, parent=parent, help_option_names=list(HELP))
    children = command.list_commands(context) if isinstance(command, click.Group) else []
    yield Command(
        path,
        " ".join([context.command_path, *command.collect_usage_pieces(context)]),
        (command.help or "").partition("\f")[0],
        tuple(_options(command, context)),
        tuple(children),
    )
    for child in children:
        found = command.get_command(context, child) if isinstance(command, click.Group) else None
        if found is not None:
            yield from _below(found, child, (*path, child), context)


def _options(command: click.Command, context: click.Context) -> Iterator[Option]:
    for one in command.get_params(context):
        if isinstance(one, click.Option) and not one.hidden:
            yield Option(
                tuple(sorted((*one.opts, *one.secondary_opts), key=len)),
                "" if one.is_flag or one.count else one.make_metavar(context),
                _choices(one.type),
                (one.help or "").rstrip("."),
            )


def _choices(kind: Any) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(map(str, kind.choices)) if isinstance(kind, click.Choice) else ()
