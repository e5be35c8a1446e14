"""`edge-consumer replay`: send what a log or a bus still has to a sink once more."""

import json
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from consumers.chosen_sink import SinkIdentity, sink_at, sink_options_of
from consumers.interruption import stop_at_signals
from consumers.options import CONNECTION_OPTIONS, TimeType, chosen_source, with_options
from consumers.replay.stretch import ReplayBatches, TimeStretch
from consumers.sink_options import DELIVERY_ARGUMENTS, SINK_OPTIONS
from consumers.source import SourceUnavailable
from edge_agent.clock import SystemClock
from edge_agent.command_line import NumberRange
from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.sink import Sink
from edge_agent.deliver.sink_replay import SinkReplay

QUIET_SECONDS = 2.0
IDENTITY = SinkIdentity("sink", "consumer", "replay")
INTERRUPTED = 130  # as the shell reports SIGINT
TIME = TimeType()


def _arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    return with_options(command, (*DELIVERY_ARGUMENTS, *CONNECTION_OPTIONS, *SINK_OPTIONS))


@click.command()
@_arguments
@click.option(
    "--since",
    type=TIME,
    help="From then on: 2h ago, 2027-01-15T08:00 local time, or @1800000000 (Unix).",
)
@click.option("--until", type=TIME, help="Up to then.")
@click.option("--rate", type=NumberRange(1, 1e6), default=500.0, show_default=True,
              help="Events a second, at most.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end, and nothing else.")
def replay(
    *,
    sink_url: str,
    sink_option: tuple[str, ...],
    sink_file: Path | None,
    since: datetime | None,
    until: datetime | None,
    rate: float,
    as_json: bool,
    **where: Any,  # noqa: ANN401
) -> int:
    """Send what the URL SOURCE still has of NODEs, or of all nodes, to the URL SINK once more.

    Every event has the id of the first time, and says that it is a replay. The command ends when
    the source has no more. Without a --group, it begins at the beginning. The exit code is 1 if
    the sink refused events, and 4 if there was nothing to send.
    """
    stopping = stop_at_signals()
    source = chosen_source(**where, start="beginning")
    options = sink_options_of(sink_file, sink_option)
    sink = sink_at(sink_url, options, IDENTITY, stopping.is_set, lambda _: stopping.set())
    stretch = TimeStretch(since, until)
    batches = ReplayBatches(source, stretch, QUIET_SECONDS)
    sending = _sending(sink, rate, stopping)
    with closing(source), closing(sink):
        source.open()
        sent = _show_progress(sending.run(batches), silent=as_json)
    _print(sent, sending, batches, as_json=as_json)
    return INTERRUPTED if stopping.is_set() else _code(sent, sending)


def _code(sent: int, sending: SinkReplay) -> int:
    if not sent:
        raise SourceUnavailable("there was nothing to send", "see whether the source has events")
    return int(bool(sending.refused))


def _sending(sink: Sink, rate: float, stopping: threading.Event) -> SinkReplay:
    return SinkReplay(
        sink,
        rate=rate,
        clock=SystemClock(),
        backoff=Backoff(random.random),
        pause=stopping.wait,
        stopping=stopping.is_set,
    )


def _show_progress(counts: Iterator[int], *, silent: bool) -> int:
    """Show how many batches are sent: a source does not know how many it has; return the events."""
    shown = click.progressbar(
        counts, file=sys.stderr, show_pos=True, label="batches", hidden=silent
    )
    with shown as bar:
        return sum(bar)


def _print(sent: int, sending: SinkReplay, batches: ReplayBatches, *, as_json: bool) -> None:
    refused = sending.refused.total()
    if as_json:
        found = {"sent": sent - refused, "refused": dict(sending.refused)}
        click.echo(json.dumps({**found, "unusable": batches.unusable}))
        return
    unusable = f", {batches.unusable:,} unusable" if batches.unusable else ""
    click.echo(f"{sent - refused:,} events sent, {refused:,} refused{unusable}")
