"""`edge-agent check`: report every problem of a configuration at once."""

import json
from pathlib import Path

import click

from edge_agent.commands.config_choice import log_argument
from edge_agent.commands.options import json_option, set_option, simulated_option
from edge_agent.errors import ConfigError
from edge_agent.terminal.wrapping import say

NOTHING = (
    "no device, output or rule: there is nothing to do; `edge-agent init` writes a configuration,"
    " and examples/greenhouse.toml shows one"
)


@click.command()
@log_argument
@set_option
@click.option("--events", is_flag=True, help="Check the events in the log of CONFIG instead.")
@simulated_option
@json_option
def check(
    config: Path, overrides: tuple[str, ...], events: bool, simulated: bool, as_json: bool
) -> int:
    """Check CONFIG without touching hardware, event log or network.

    With --events, check instead whether each event in the log keeps the contract of its type.

    Exit code 2 if the configuration has problems, 1 if an event has.
    """
    if events:
        from edge_agent.commands.check_events import check_events  # noqa: PLC0415

        return check_events(config, overrides, simulated=simulated, as_json=as_json)
    return _check(config, overrides, as_json=as_json)


def _check(config: Path, overrides: tuple[str, ...], *, as_json: bool) -> int:
    from edge_agent.blueprint.checked import checked  # noqa: PLC0415
    from edge_agent.paths import expanded  # noqa: PLC0415

    try:
        blueprint = checked(config, overrides)
    except ConfigError as error:
        return _report(error.problems, as_json=as_json)
    if as_json:
        click.echo(json.dumps({"problems": []}))
        return 0
    parts = {"device": blueprint.devices, "output": blueprint.outputs, "rule": blueprint.rules}
    counts = ", ".join(_counted(noun, len(found)) for noun, found in parts.items())
    click.echo(f"{config}: {f'{counts}: no problems' if any(parts.values()) else NOTHING}")
    if path := blueprint.config.log.path:
        click.echo(f"{config}: the event log is {expanded(path)}")
    return 0


def _counted(noun: str, count: int) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"


def _report(problems: tuple[str, ...], *, as_json: bool) -> int:
    if as_json:
        click.echo(json.dumps({"problems": problems}, ensure_ascii=False))
    else:
        for problem in problems:
            say(problem)
        say(_counted("problem", len(problems)))
    return ConfigError.exit_code
