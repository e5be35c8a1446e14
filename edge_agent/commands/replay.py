"""`edge-agent log replay`: send history to one sink once more, beside a running agent."""

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from edge_agent.blueprint import Blueprint, resolve
from edge_agent.blueprint.sinks import Plan, ResolvedSink
from edge_agent.clock import SystemClock
from edge_agent.commands.open_log import opened_log, path_of_log
from edge_agent.commands.signals import interruption
from edge_agent.commands.stretch import Stretch, losses, stretch_of
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink import Sink, SinkContext
from edge_agent.deliver.sink_replay import SinkReplay
from edge_agent.directories import followed
from edge_agent.errors import AgentError, ConfigError
from edge_agent.events import LoggedEvent
from edge_agent.problems import unknown
from edge_agent.store.history import HistoryReader
from edge_agent.store.lock import is_locked
from edge_agent.terminal.wrapping import say

INTERRUPTED = 130  # as the shell reports SIGINT
MOST_AT_ONCE = 1000  # events in one delivery


class SinkHistory(NamedTuple):
    """What a sink is to get once more: `total` events of its kinds, of a log and a node."""

    resolved: ResolvedSink
    node: str
    log: HistoryReader
    stretch: Stretch
    total: int

    @property
    def name(self) -> str:
        """Return the sink's name."""
        return self.resolved.plan.name


class ReplayRequest(NamedTuple):
    """Which events to send again, and how fast, in events a second."""

    since: str
    until: str
    rate: float
    dry_run: bool


def replay(
    config: Path, overrides: tuple[str, ...], name: str, request: ReplayRequest, *, simulated: bool
) -> int:
    """Replay to the sink `name`; return the exit code."""
    blueprint = resolve(config, overrides)
    found = _sink(blueprint, name, config)
    path = followed(path_of_log(blueprint.config, config, simulated=simulated))
    resolved = found._replace(plan=_plan(found.plan))
    if is_locked(path):
        _refuse_claimed(resolved, resolve(config), name)
    with opened_log(path, HistoryReader) as log:
        stretch = stretch_of(log, request.since, request.until, SystemClock().now().time)
        total = log.count(stretch.after, stretch.upto, resolved.plan.kinds)
        history = SinkHistory(resolved, blueprint.config.node, log, stretch, total)
        for line in losses(log, stretch, request.since):
            say(line)
        if total and not request.dry_run:
            return _send(history, request.rate)
    counted = f"{total:,} events of {stretch} would be sent" if total else "no event is to be sent"
    click.echo(f"{counted} to {name}")
    return 0


def _sink(blueprint: Blueprint, name: str, config: Path) -> ResolvedSink:
    for one in blueprint.sinks:
        if one.plan.name == name:
            return one
    names = [one.plan.name for one in blueprint.sinks]
    raise ConfigError((f"{config}: sink {name!r}: {unknown(name, names)}",))


def _plan(plan: Plan) -> Plan:
    """Return the plan of a sink that disturbs neither the agent's own nor what it shows."""
    return plan._replace(live=False, commands=False, aside="replay")


def _refuse_claimed(resolved: ResolvedSink, running: Blueprint, name: str) -> None:
    """Raise AgentError if the agent, which runs, uses what the replay would use."""
    node = running.config.node
    taken = {claim for one in running.sinks for claim in one.type.claims(one.plan, node)}
    for claimed in resolved.type.claims(resolved.plan, node):
        if claimed in taken:
            remedy = f"stop it, or name another place with --set sink.{name}.url=…"
            raise AgentError(f"the running agent uses {claimed}", remedy)


def _send(history: SinkHistory, rate: float) -> int:
    with interruption() as interrupted, _opened(history, interrupted) as sink:
        sending = SinkReplay(
            sink,
            rate=rate,
            clock=SystemClock(),
            backoff=Backoff(random.random),
            pause=interrupted.wait,
            stopping=interrupted.is_set,
        )
        sent = _show_progress(history, sending.run(_batches(history, rate)))
    _report(sending, sent, history.name)
    if sent < history.total and interrupted.is_set():
        begin = sending.last + 1 if sent else history.stretch.after + 1
        where = f"--since {begin} --until {history.stretch.upto}"
        say(f"stopped; continue with {where}")
        return INTERRUPTED
    return int(bool(sending.refused))


def _batches(history: SinkHistory, rate: float) -> Iterator[list[LoggedEvent]]:
    size = min(max(round(rate), 1), MOST_AT_ONCE)
    after, upto = history.stretch
    return history.log.batches(history.resolved.plan.kinds, after, upto, size)


def _show_progress(history: SinkHistory, counts: Iterator[int]) -> int:
    """Show how far it is; return how many events are settled at the end."""
    label = f"{history.total:,} events to {history.name}"
    sent = 0
    with click.progressbar(length=history.total, label=label, file=sys.stderr) as bar:
        for count in counts:
            sent += count
            bar.update(count)
    return sent


def _report(sending: SinkReplay, sent: int, name: str) -> None:
    refused = sending.refused.total()
    click.echo(f"{sent - refused:,} events sent to {name}, {refused:,} refused")
    for reason, count in sending.refused.most_common():
        say(f"refused {count:,}: {reason}")


@contextmanager
def _opened(history: SinkHistory, interrupted: threading.Event) -> Iterator[Sink]:
    """Build the sink, and close it at the end; `SinkReplay` opens it."""
    clock = SystemClock()
    context = SinkContext.apart(history.node, history.log.id, interrupted.is_set)._replace(
        died=lambda _thread: interrupted.set(), trusted=lambda: clock.now().trusted
    )
    sink = history.resolved.type.build(history.resolved.plan, context)
    try:
        yield sink
    finally:
        sink.close()
