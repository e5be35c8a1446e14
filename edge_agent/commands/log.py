"""`edge-agent log`: show, count or export the stored events, whether the agent runs or not."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeAlias

import click

from edge_agent.commands.accounts import as_lines
from edge_agent.commands.export import FORMATS, as_json_line, as_line
from edge_agent.commands.open_log import opened_log, path_of_log, simulated_option
from edge_agent.commands.options import config_option, json_option, set_option
from edge_agent.config.reader import load
from edge_agent.store.reader import LogReader

POLL_SECONDS = 0.5
WRITTEN = click.File("w", encoding="utf-8")
Opened: TypeAlias = Callable[[], AbstractContextManager[LogReader]]


@click.group()
@config_option
@set_option
@simulated_option
@click.pass_context
def log(ctx: click.Context, config: Path, overrides: tuple[str, ...], simulated: bool) -> None:
    """Show, count or export the stored events, whether the agent runs or not.

    The event log is the one that CONFIG names; --set log.path=FILE opens another.
    """
    # Opened by the command itself: `--help` needs no log.
    ctx.obj = partial(_opened, config, overrides, simulated=simulated)


@contextmanager
def _opened(config: Path, overrides: tuple[str, ...], *, simulated: bool) -> Iterator[LogReader]:
    settings = load(config, overrides)
    path = path_of_log(settings, config, simulated=simulated)
    with opened_log(path, LogReader) as reader:
        yield reader


@log.command()
@click.option("-n", "count", default=10, show_default=True, help="How many events.")
@click.option("-f", "--follow", is_flag=True, help="Keep printing new events until Ctrl-C.")
@json_option
@click.pass_obj
def tail(opened: Opened, count: int, follow: bool, as_json: bool) -> None:
    """Print the last events."""
    shown = as_json_line if as_json else as_line
    with opened() as reader:
        offset = max(reader.last_offset() - count, 0)
        while True:
            for event in reader.events_after(offset):
                click.echo(shown(event))
                offset = event.offset
            if not follow:
                return
            time.sleep(POLL_SECONDS)


@log.command()
@json_option
@click.pass_obj
def stats(opened: Opened, as_json: bool) -> None:
    """Print what was recorded, and for each sink what became of it."""
    with opened() as reader:
        found, name = reader.stats(), reader.id
    if as_json:
        click.echo(json.dumps({"log": name, **found.as_dict()}))
        return
    click.echo(f"log        {name}")
    click.echo(f"last       {found.recorded:>12,}  is the last offset")
    for account in found.sinks.values():
        for line in as_lines(account):
            click.echo(line)
    click.echo(f"stored     {found.rows:>12,}  events in {found.bytes / 1e6:.1f} MB")


@log.command()
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="jsonl")
@click.option("-o", "--output", type=WRITTEN, default="-", help="The file; default: - for stdout.")
@click.pass_obj
def export(opened: Opened, form: str, output: IO[str]) -> None:
    """Write all stored events as JSON lines, or as CSV with one row per fact."""
    with opened() as reader:
        total = reader.stats().rows
        events = reader.events_after(0)
        with click.progressbar(events, total, label=f"{total} events", file=sys.stderr) as bar:
            FORMATS[form](bar, output)


@log.command()
@click.option("--sink", "name", required=True, metavar="NAME", help="The destination.")
@click.option("--since", required=True, help="First offset or time, or how long ago, such as 2h.")
@click.option("--until", default="", help="Last offset, or a time; default: the end of the log.")
@click.option(
    "--rate",
    type=click.FloatRange(0.01, 100_000),
    default=100,
    show_default=True,
    help="Most events a second.",
)
@click.option("--dry-run", is_flag=True, help="Only count the events.")
@click.pass_context
def replay(ctx: click.Context, /, name: str, **request: Any) -> int:  # noqa: ANN401
    """Send stored events to one sink once more, whether the agent runs or not.

    Their ids are the same as the first time, and `replay` is true. Cursors and accounts stay as
    they are. Ctrl-C stops, and says where to continue. Exit code 1 if events are refused.
    """
    from edge_agent.commands.replay import ReplayRequest  # noqa: PLC0415
    from edge_agent.commands.replay import replay as send  # noqa: PLC0415

    given = ctx.parent.params if ctx.parent else {}
    config, overrides, simulated = given["config"], given["overrides"], given["simulated"]
    return send(config, overrides, name, ReplayRequest(**request), simulated=simulated)
