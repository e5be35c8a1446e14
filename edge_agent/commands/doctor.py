"""`edge-agent doctor`: what keeps the agent from working, and how to mend it."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_agent.commands.options import config_argument, json_option
from edge_agent.errors import AgentError

if TYPE_CHECKING:
    from edge_agent.doctor.case import Case
    from edge_agent.doctor.finding import FindingVerdict


@click.command()
@config_argument
@json_option
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.tar.gz",
    help="Also write an archive to send to somebody, without secrets.",
)
def doctor(config: Path, as_json: bool, bundle: Path | None) -> int:
    """Find every usual problem of this machine, of CONFIG and of the service; only look.

    Exit code 1 where there is a problem; warnings alone leave it 0. With sudo it sees more.
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
    """Print the diagnosis as it comes, and return the exit code."""
    from edge_agent.doctor.diagnosis import diagnose  # noqa: PLC0415
    from edge_agent.doctor.report import as_json as report  # noqa: PLC0415
    from edge_agent.doctor.report import count, lines, summary  # noqa: PLC0415

    verdicts = []
    for verdict in diagnose(case):
        verdicts.append(verdict)
        for line in () if as_json else lines(verdict):
            click.echo(line)
    click.echo(json.dumps(report(verdicts), ensure_ascii=False) if as_json else summary(verdicts))
    if bundle is not None:
        _write(case, verdicts, bundle, quiet=as_json)
    return 1 if count(verdicts)["problem"] else 0


def _write(case: "Case", verdicts: "list[FindingVerdict]", file: Path, *, quiet: bool) -> None:
    from edge_agent.doctor.bundle import write_bundle  # noqa: PLC0415

    try:
        write_bundle(case, verdicts, file)
    except OSError as error:
        raise AgentError(f"{file}: {error.strerror}", "name another with --bundle") from error
    if not quiet:
        click.echo(f"{file}: look into it before you send it")
