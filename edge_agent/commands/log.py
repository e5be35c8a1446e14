"""`edge-agent log`: show, count or export the stored events, whether the agent runs or not."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import click

from edge_agent.command_line import HelpfulGroup, NumberRange, WholeNumber
from edge_agent.commands.accounts import as_lines
from edge_agent.commands.config_choice import config_before, log_argument
from edge_agent.commands.export import FORMATS, as_json_line, as_line
from edge_agent.commands.open_log import opened_log, path_of_log
from edge_agent.commands.options import json_option, set_option, simulated_option
from edge_agent.commands.selection import EventChoice, selection_options
from edge_agent.config.reader import load
from edge_agent.events import KINDS, LoggedEvent
from edge_agent.store.history import HistoryReader
from edge_agent.terminal.wrapping import wrapped

POLL_SECONDS = 0.5
WRITTEN = click.File("w", encoding="utf-8")


class ChosenLog(NamedTuple):
    """Where the log is: what the configuration and the options say."""

    config: Path
    overrides: tuple[str, ...]
    simulated: bool

    @contextmanager
    def opened(self) -> Iterator[HistoryReader]:
        """Open the log for a block; raise LogError if it cannot be read."""
        settings = load(self.config, self.overrides)
        path = path_of_log(settings, self.config, simulated=self.simulated)
        with opened_log(path, HistoryReader) as reader:
            yield reader


@click.group(cls=HelpfulGroup)
@config_before
@set_option
@simulated_option
def log(overrides: tuple[str, ...], simulated: bool) -> None:
    """Show, count or export the stored events, whether the agent runs or not.

    The event log is the one that CONFIG names; --set log.path=FILE opens another. The options may
    also stand behind the command.
    """


def with_source(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command of the group its ChosenLog: the options before and behind its name."""

    @log_argument
    @set_option
    @simulated_option
    @click.pass_context
    @wraps(command)
    def called(ctx: click.Context, /, config: Path, **more: Any) -> Any:  # noqa: ANN401
        before = ctx.parent.params if ctx.parent else {}
        overrides = (*before.get("overrides", ()), *more.pop("overrides"))
        simulated = more.pop("simulated") or before.get("simulated", False)
        return command(ChosenLog(config, overrides, simulated=simulated), **more)

    return cast("Callable[..., Any]", called)


@log.command()
@click.option(
    "-n", "count", type=WholeNumber(), default=10, show_default=True, help="How many events."
)
@click.option("-f", "--follow", is_flag=True, help="Keep printing new events until Ctrl-C.")
@selection_options
@json_option
@with_source
def tail(source: ChosenLog, count: int, follow: bool, as_json: bool, **selected: Any) -> None:  # noqa: ANN401
    """Print the last events."""
    selection = EventChoice(**selected)
    if follow and selection.until:
        raise click.UsageError("--follow has no end: leave --until out")
    shown = as_json_line if as_json else _as_terminal_line
    with source.opened() as reader:
        stretch = selection.stretch(reader)
        found = selection.last(reader, stretch, count)
        for event in found:
            click.echo(shown(event))
        if count and not found:
            selection.say_none(reader)
        while follow:
            time.sleep(POLL_SECONDS)
            stretch = stretch._replace(after=stretch.upto, upto=reader.last_offset())
            for event in selection.events(reader, stretch):
                click.echo(shown(event))


def _as_terminal_line(event: LoggedEvent) -> str:
    return wrapped(as_line(event), sys.stdout)


@log.command()
@json_option
@with_source
def stats(source: ChosenLog, as_json: bool) -> None:
    """Print what was recorded, and for each sink what became of it."""
    with source.opened() as reader:
        found, name = reader.stats(), reader.id
    if as_json:
        click.echo(json.dumps({"log": name, **found.as_dict()}))
        return
    click.echo(f"log        {name}")
    click.echo(f"offset     {found.recorded:>12,}  of the last event")
    for account in found.sinks.values():
        for line in as_lines(account):
            click.echo(line)
    click.echo(f"stored     {found.rows:>12,}  events in {found.bytes / 1e6:.1f} MB")


@log.command()
@click.option("--format", "form", type=click.Choice(sorted(FORMATS)), default="jsonl")
@click.option("-o", "--output", type=WRITTEN, default="-", help="The file; default: - for stdout.")
@selection_options
@with_source
def export(source: ChosenLog, form: str, output: IO[str], **selected: Any) -> None:  # noqa: ANN401
    """Write the stored events as JSON lines, or as CSV with one row per fact."""
    selection = EventChoice(**selected)
    with source.opened() as reader:
        stretch = selection.stretch(reader)
        total = reader.count(*stretch, selection.kinds or KINDS)
        events = selection.events(reader, stretch)
        first = list(islice(events, 1))
        if not first:
            selection.say_none(reader)
        events = chain(first, events)
        with click.progressbar(events, total, label=f"{total} events", file=sys.stderr) as bar:
            FORMATS[form](bar, output)


@log.command()
@click.option("--sink", "name", required=True, metavar="NAME", help="The destination.")
@click.option("--since", required=True, help="First offset or time, or how long ago, such as 2h.")
@click.option("--until", default="", help="Last offset, or a time; default: the end of the log.")
@click.option(
    "--rate",
    type=NumberRange(0.01, 100_000),
    default=100,
    show_default=True,
    help="Most events a second.",
)
@click.option("--dry-run", is_flag=True, help="Only count the events.")
@with_source
def replay(source: ChosenLog, name: str, **request: Any) -> int:  # noqa: ANN401
    """Send stored events to one sink once more, whether the agent runs or not.

    Their ids are the same as the first time, and `replay` is true. Cursors and accounts stay as
    they are. Ctrl-C stops, and says where to continue. Exit code 1 if events are refused.
    """
    from edge_agent.commands.replay import ReplayRequest  # noqa: PLC0415
    from edge_agent.commands.replay import replay as send  # noqa: PLC0415

    return send(
        source.config, source.overrides, name, ReplayRequest(**request), simulated=source.simulated
    )
