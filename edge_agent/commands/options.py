"""Arguments and options that several commands share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from edge_agent.terminal.log_lines import LogChoice, LogFormat

set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as mqtt.url=mqtt://127.0.0.1:1884 or device.air.every=5s.",
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the log is written: for people, or an object of JSON in each line.",
)
verbose_option = click.option(
    "-v",
    "--verbose",
    "--trace",
    "verbose",
    is_flag=True,
    help="Log what becomes of each event, by its id: many lines.",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="Log only warnings and errors.")


def log_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command its LogChoice; -v and -q may stand before the command too."""

    @log_format_option
    @verbose_option
    @quiet_option
    @click.pass_context
    @wraps(command)
    def called(ctx: click.Context, /, log_format: LogFormat, **more: Any) -> Any:  # noqa: ANN401
        before = ctx.find_root().params
        verbose, quiet = (more.pop(name) or before.get(name) for name in ("verbose", "quiet"))
        if verbose and quiet:
            raise click.UsageError("-v and -q contradict each other: leave one out")
        return command(log=LogChoice(log_format, trace=bool(verbose), quiet=bool(quiet)), **more)

    return called


simulated_option = click.option(
    "--simulated",
    is_flag=True,
    is_eager=True,  # before the configuration, whose default depends on it
    help="Use the event log of `simulate`.",
)
simulate_option = click.option(
    "--simulate",
    is_flag=True,
    is_eager=True,  # as --simulated
    help="Use the simulated hardware of CONFIG instead.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
