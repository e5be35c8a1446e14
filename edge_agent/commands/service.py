"""`edge-agent service`: the agent as a systemd service."""

import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import click

from edge_agent.command_line import HelpfulGroup
from edge_agent.commands.options import json_option
from edge_agent.errors import AgentError, ConfigError
from edge_agent.machine import Machine

# What the program needs: its Python, and this package
PARTS = (os.path.realpath(sys.executable), str(Path(__file__).parents[1]))


@click.group(cls=HelpfulGroup)
def service() -> None:
    """Run the agent as a systemd service."""


@service.command()
def install() -> None:
    """Install and start the service, or update it.

    The exit code is 2 if the configuration has errors: then it is installed, but not started.
    """
    from edge_agent.service.install import Site, install  # noqa: PLC0415

    program = f"{sysconfig.get_path('scripts')}/edge-agent"
    _must_be_root(program, "install")
    machine = Machine()
    for line in install(Site(machine, program, PARTS, lambda: _problems(machine))):
        click.echo(line)


@service.command()
@click.option("--purge", is_flag=True, help="Also remove configuration, event log and user.")
def uninstall(purge: bool) -> None:
    """Stop and remove the service; keep configuration and event log."""
    from edge_agent.service.uninstall import uninstall  # noqa: PLC0415

    _must_be_root(f"{sysconfig.get_path('scripts')}/edge-agent", "uninstall")
    for line in uninstall(Machine(), purge=purge):
        click.echo(line)


@service.command()
@json_option
def status(as_json: bool) -> int:
    """Show the state of the service.

    The exit code is 0 if it runs, else 1.
    """
    from edge_agent.service.report import report  # noqa: PLC0415

    machine = Machine()
    found = report(machine, _account(machine))
    if as_json:
        click.echo(json.dumps(found._asdict(), ensure_ascii=False))
    else:
        for line in found.lines():
            click.echo(line)
    return 0 if found.running else 1


def _must_be_root(program: str, verb: str) -> None:
    if os.geteuid():
        what = f"only root may {verb} the service"
        raise AgentError(what, f"`sudo {program} service {verb}`")


def _problems(machine: Machine) -> tuple[str, ...]:
    """Check the configuration as the service sees it: systemd hands over the secrets."""
    from edge_agent.blueprint import resolve  # noqa: PLC0415
    from edge_agent.paths import CONFIG_FILE, CREDENTIALS  # noqa: PLC0415

    os.environ.setdefault("CREDENTIALS_DIRECTORY", str(machine.path(CREDENTIALS)))
    try:
        resolve(machine.path(CONFIG_FILE))
    except ConfigError as error:
        return error.problems
    return ()


def _account(machine: Machine) -> dict[str, Any] | None:
    """Return the event log's account; None if it cannot be read."""
    import sqlite3  # noqa: PLC0415

    from edge_agent.config.reader import load  # noqa: PLC0415
    from edge_agent.paths import CONFIG_FILE, STATE  # noqa: PLC0415
    from edge_agent.store.reader import read_stats  # noqa: PLC0415

    try:
        config = load(machine.path(CONFIG_FILE))
        return read_stats(machine.path(config.log.path or f"{STATE}/{config.node}.db"))
    except (AgentError, sqlite3.Error, OSError):
        return None
