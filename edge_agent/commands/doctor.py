"""`edge-agent doctor`: what keeps the agent from working, and the remedies."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.commands.options import json_option
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    from edge_agent.doctor.case import Case
    from edge_agent.doctor.finding import ThemeResult


@click.command()
@config_argument
@json_option
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tar.gz",
    help="Also write an archive, without secrets, to send to others.",
)
def doctor(config: Path, as_json: bool, bundle: Path | None) -> int:
    """Find the usual problems of this machine, of CONFIG and of the service.

    It changes nothing, and with sudo it sees more. The exit code is 1 if there is a problem;
    warnings alone leave it 0.
    """
    from edge_agent.acquire.hardware import RealHardware  # noqa: PLC0415
    from edge_agent.clock import SystemClock  # noqa: PLC0415
    from edge_agent.doctor.case import Probes, open_case  # noqa: PLC0415
    from edge_agent.machine import Machine  # noqa: PLC0415

    hardware = RealHardware()
    try:
        case = open_case(
            Machine(),
            config,
            clock=SystemClock(),
            hardware=hardware,
            probes=Probes(),
            environment=os.environ,
        )
        return examine(case, as_json=as_json, bundle=bundle)
    finally:
        hardware.close()


def examine(case: "Case", *, as_json: bool, bundle: Path | None) -> int:
    """Print the result of each theme as it arrives, and return the exit code."""
    from edge_agent.doctor.diagnosis import diagnose  # noqa: PLC0415
    from edge_agent.doctor.report import INDENT, count, lines, summary  # noqa: PLC0415
    from edge_agent.doctor.report import as_json as report  # noqa: PLC0415
    from edge_agent.terminal.wrapping import wrapped  # noqa: PLC0415

    results = []
    for result in diagnose(case):
        results.append(result)
        for line in () if as_json else lines(result):
            click.echo(wrapped(line, sys.stdout, INDENT))
    click.echo(json.dumps(report(results), ensure_ascii=False) if as_json else summary(results))
    if bundle is not None:
        _write(case, results, bundle, quiet=as_json)
    return 1 if count(results)["problem"] else 0


def _write(case: "Case", results: "list[ThemeResult]", file: Path, *, quiet: bool) -> None:
    from edge_agent.doctor.bundle import write_bundle  # noqa: PLC0415

    try:
        write_bundle(case, results, file)
    except OSError as error:
        raise AgentError(
            f"{file}: {error.strerror}", "choose another file with --bundle"
        ) from error
    if not quiet:
        click.echo(f"{file}: written; review it before you send it")
