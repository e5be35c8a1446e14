"""`edge-agent sinks`: the state of every sink, how far it is behind, and its last error."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import click

from edge_agent.assembly.sink_report import SinkReport, sink_reports
from edge_agent.blueprint.sinks import sink_names
from edge_agent.clock import SystemClock
from edge_agent.commands.config_choice import log_argument
from edge_agent.commands.open_log import opened_log, path_of_log
from edge_agent.commands.options import json_option, set_option, simulated_option
from edge_agent.config.reader import load
from edge_agent.directories import followed
from edge_agent.store.lock import is_locked
from edge_agent.store.reader import LogReader

HEADINGS = ("sink", "state", "waiting", "oldest", "delivered", "refused", "dropped")
STEPS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))  # seconds of each unit
EXPLAINED = {
    "new": "the agent does not use it yet: start or reload the agent",
    "removed": "the configuration does not name it; no event waits for it",
}


@click.command()
@log_argument
@set_option
@simulated_option
@json_option
def sinks(config: Path, overrides: tuple[str, ...], simulated: bool, as_json: bool) -> int:
    """Show the state of every sink of CONFIG, what waits for it, and its last error.

    The event log has it all, so this works whether the agent runs or not. `log stats` shows the
    reasons of refused and dropped events. Exit code 1 if a sink is unavailable.
    """
    settings = load(config, overrides)
    path = followed(path_of_log(settings, config, simulated=simulated))
    running = is_locked(path)
    with opened_log(path, LogReader) as reader:
        found = sink_reports(reader, sink_names(settings), SystemClock(), running=running)
    if as_json:
        shown = {name: one.as_dict() for name, one in found.items()}
        click.echo(json.dumps({"running": running, "sinks": shown}, ensure_ascii=False))
    else:
        for line in lines(found, running=running):
            click.echo(line)
    return int(any(one.state == "unavailable" for one in found.values()))


def lines(found: Mapping[str, SinkReport], *, running: bool) -> Iterator[str]:
    """Yield the table for people, and below each sink what there is to say of it."""
    rows = {name: _row(name, one) for name, one in found.items()}
    widths = [max(map(len, column)) for column in zip(HEADINGS, *rows.values(), strict=True)]
    if not running:
        yield "no agent runs with this event log; this is what it has"
    yield _aligned(HEADINGS, widths)
    for name, row in rows.items():
        yield _aligned(row, widths)
        yield from (f"  {one}" for one in _remarks(found[name]))


def _row(name: str, one: SinkReport) -> tuple[str, ...]:
    oldest = span(one.oldest) if one.oldest is not None else "?" * bool(one.waiting)
    lost = (sum(one.refused.values()), sum(one.dropped.values()))
    return (
        name,
        one.state,
        f"{one.waiting:,}",
        oldest,
        *(f"{count:,}" for count in (one.delivered, *lost)),
    )


def _aligned(row: tuple[str, ...], widths: list[int]) -> str:
    words = [row[n].ljust(widths[n]) if n < 2 else row[n].rjust(widths[n]) for n in range(len(row))]
    return "  ".join(words)


def _remarks(one: SinkReport) -> Iterator[str]:
    if one.state in EXPLAINED:
        yield EXPLAINED[one.state]
    if one.state == "unavailable" and one.since is not None:
        yield f"unavailable since {_moment(one.since)}"
    if one.error is not None:
        yield f"last error {_moment(one.error.time)}: {one.error.text}"
    if one.notice:
        yield one.notice


def _moment(time: int) -> str:
    return datetime.fromtimestamp(time / 1e6).astimezone().isoformat(" ", "seconds")


def span(seconds: float) -> str:
    """Return a length of time in its two largest units, as in 3h 20m."""
    left = int(seconds)
    words: list[str] = []
    for length, unit in STEPS:
        if left >= length or (words and len(words) < 2):
            words.append(f"{left // length}{unit}")
            left %= length
        if len(words) == 2:
            break
    return " ".join(words) or "0s"
