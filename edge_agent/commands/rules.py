"""`edge-agent rules`: test rules before you rely on them."""

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import click
import msgspec

from edge_agent.assembly.restore import Logged
from edge_agent.blueprint import Blueprint, resolve
from edge_agent.clock import Moment
from edge_agent.command_line import HelpfulGroup
from edge_agent.commands import cases
from edge_agent.commands.config_choice import config_argument, log_argument
from edge_agent.commands.open_log import opened_log, path_of_log
from edge_agent.commands.options import set_option, simulated_option
from edge_agent.errors import ConfigError
from edge_agent.evaluate.outputs.unsafe_outputs import reports_output
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.replay import Replay
from edge_agent.events import LoggedEvent, Reading, alert_of
from edge_agent.instants import micros_of
from edge_agent.store.history import HistoryReader
from edge_agent.store.skipped import UNREADABLE, Skipped

NEAR = 5_000_000  # µs: the same alert, raised by two configurations
BEHIND = (
    10_000_000  # µs: buses are read beside one another, so times in the log are not quite in order
)
_logger = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(Logged).decode


@click.group(cls=HelpfulGroup)
def rules() -> None:
    """Test rules before you rely on them."""


@rules.command()
@click.argument("file", type=click.Path(path_type=Path))
@config_argument
@set_option
def test(file: Path, config: Path, overrides: tuple[str, ...]) -> int:
    """Run the golden cases of FILE against the rules of the configuration."""
    blueprint = resolve(config, overrides)
    failed = 0
    for case in cases.load(file):
        problems = cases.run(case, blueprint)
        failed += bool(problems)
        click.echo(f"{'FAILED' if problems else 'ok':<7}{case.name}")
        for problem in problems:
            click.echo(f"       {problem}")
    return 1 if failed else 0


class AlertRow(NamedTuple):
    """An alert, and whether the new rules raise it, the old ones did, or both."""

    time: int
    rule: str
    state: str
    change: Literal["unchanged", "new", "gone"]


@rules.command()
@log_argument
@click.option("--since", default="7d", show_default=True, help="A time, or how long ago.")
@simulated_option
@set_option
def replay(config: Path, since: str, simulated: bool, overrides: tuple[str, ...]) -> None:
    """Show which alerts the rules of CONFIG would have raised from the stored readings."""
    begin = _begin(since, time.time_ns() // 1000)
    blueprint = resolve(config, overrides)
    path = path_of_log(blueprint.config, config, simulated=simulated)
    with opened_log(path, HistoryReader) as reader:
        offset = reader.offset_at(begin)
        count = reader.last_offset() - offset
        events = reader.events_after(offset)
        with click.progressbar(events, count, label=f"{count:,} events", file=sys.stderr) as bar:
            rows = replayed(blueprint, bar)
    for row in rows:
        shown = datetime.fromtimestamp(row.time / 1e6).astimezone().strftime("%F %T")
        click.echo(f"{shown}  {row.change:<9} {row.rule:<20} {row.state}")
    click.echo(summary(rows))


def replayed(blueprint: Blueprint, events: Iterator[LoggedEvent]) -> list[AlertRow]:
    """Return the alerts that the rules raise from the events, merged with those in the log."""
    logged: list[AlertRow] = []
    replay: Replay | None = None
    last = 0
    skipped = Skipped()
    for event in events:
        last = max(last, event.time)
        try:
            if event.kind == "alert" and not reports_output(event.source):
                logged += _row(event)
            elif event.kind == "reading" and event.time > last - BEHIND:  # no clock went back
                values = _decode(event.data).values
                moment = Moment(event.time, event.time, event.boot is None)
                replay = replay or _replay(blueprint, moment)
                replay.feed(Reading(event.source, moment, values))
        except UNREADABLE as error:
            skipped.add(event, error)
    skipped.report(_logger)
    if replay is None:
        return logged
    replay.advance(Moment(last, last, trusted=True))
    rows = [AlertRow(one.moment.time, one.rule, one.state, "new") for one in replay.alerts]
    return merged(logged, rows)


def _row(event: LoggedEvent) -> list[AlertRow]:
    """Return an alert as it was first raised, without its repetitions and acknowledgement."""
    alert = alert_of(event)
    if alert.repeat or alert.acknowledged:
        return []
    return [AlertRow(event.time, alert.rule, alert.state, "gone")]


def merged(logged: list[AlertRow], new: list[AlertRow]) -> list[AlertRow]:
    """Return both lists as one, in the order of time; an alert in both is unchanged."""
    rows = [row for row in new if row.state in cases.REPORTED]
    for row in (one for one in logged if one.state in cases.REPORTED):
        twin = next((one for one in rows if one.change == "new" and _same(one, row)), None)
        if twin is None:
            rows.append(row)
        else:
            rows[rows.index(twin)] = twin._replace(change="unchanged")
    return sorted(rows)


def summary(rows: list[AlertRow]) -> str:
    """Return the number of alerts that are unchanged, new and gone."""
    counts = Counter(row.change for row in rows)
    return (
        f"{counts['unchanged']} unchanged, {counts['new']} new, {counts['gone']} no longer raised"
    )


def _same(one: AlertRow, other: AlertRow) -> bool:
    near = abs(one.time - other.time) <= NEAR
    return near and (one.rule, one.state) == (other.rule, other.state)


def _replay(blueprint: Blueprint, begin: Moment) -> Replay:
    plans = {one.name: _plan(one.plan) for one in blueprint.devices}
    guards = {one.name: one.guard for one in blueprint.outputs}
    return Replay(blueprint.rules, plans, guards, begin)


def _plan(plan: DevicePlan) -> DevicePlan:
    """Return the plan for logged values: one that the dead band left out was near the last one."""
    if not plan.dead_band.bands:
        return plan
    return DevicePlan(plan.channels, plan.max_age + plan.dead_band.heartbeat, plan.dead_band)


def _begin(text: str, now: int) -> int:
    """Return a point in time in µs since 1970, as `now` is; raise ConfigError."""
    try:
        return micros_of(text, now)
    except ValueError as error:
        raise ConfigError((f"--since {text}: {error}",)) from None
