"""`edge-consumer bridge`: hand the events of any source to any sink."""

import json
import random
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import click

from consumers.bridge.bridge import Bridge, BridgeCounts
from consumers.bridge.delivery import BatchDelivery, delivering_to
from consumers.chosen_sink import SinkIdentity, sink_at, sink_options_of
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.interruption import stop_at_signals
from consumers.metrics.figures import ConsumerTotals
from consumers.metrics.option import METRICS_OPTION, measured_source
from consumers.options import (
    CONNECTION_OPTIONS,
    member_option,
    start_option,
    with_options,
)
from consumers.sink_options import DELIVERY_ARGUMENTS, SINK_OPTIONS
from consumers.state import LETTERS, directory_of, state_directory
from edge_agent.clock import SystemClock
from edge_agent.deliver.backoff import Backoff

DRAIN_SECONDS = 3.0  # a stop ends a delivery within two


def _arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    return with_options(command, (*DELIVERY_ARGUMENTS, *CONNECTION_OPTIONS, *SINK_OPTIONS))


@click.command()
@_arguments
@member_option
@start_option("now")
@click.option("--state", type=click.Path(path_type=Path),
              help="Private directory for dead letters and our place.  "
              "[default: ~/.local/state/edge-consumer/bridge/GROUP]")  # fmt: skip
@METRICS_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end, and nothing else.")
def bridge(
    sink_url: str,
    sink_option: tuple[str, ...],
    sink_file: Path | None,
    state: Path | None,
    as_json: bool,
    **where: Any,  # noqa: ANN401
) -> int:
    """Hand the events of NODEs, or of all nodes, from the URL SOURCE to the URL SINK.

    Every event keeps its id, node and time. The source forgets it when the sink owns it: nothing
    is lost, whatever is killed, and what comes twice has the same id. Ctrl-C ends the bridge.
    """
    group, member = where["group"], where["member"]
    if not group:
        raise click.UsageError("name a --group: the source keeps our place under it")
    stopping = stop_at_signals()
    home = directory_of(state or "", "bridge", *filter(None, (group, member)))
    identity = SinkIdentity("sink", group, "-".join(filter(None, ("bridge", member))))
    options = sink_options_of(sink_file, sink_option)
    died: list[str] = []
    sink = sink_at(sink_url, options, identity, stopping.is_set, died.append)
    with ExitStack() as stack:
        directory = stack.enter_context(state_directory(home))
        letters = stack.enter_context(closing(SqliteLetters(directory / LETTERS)))
        ends = lambda: stopping.is_set() or bool(died)  # noqa: E731
        delivery = stack.enter_context(delivering_to(sink, died.append))
        counts = _run({**where, "state": str(home)}, delivery, letters, ends)
    _print(counts, as_json=as_json)
    return int(bool(died))


def _run(
    where: dict[str, Any],
    delivery: BatchDelivery,
    letters: SqliteLetters,
    stopping: Callable[[], bool],
) -> BridgeCounts:
    one: Bridge
    totals = lambda: ConsumerTotals(one.counts.dead)  # noqa: E731
    with measured_source(totals, **where) as source:
        source.open()
        one = Bridge(
            source,
            delivery,
            letters,
            clock=SystemClock(),
            backoff=Backoff(random.random),
            stopping=stopping,
        )
        while not stopping():
            one.step()
        one.finish(DRAIN_SECONDS)
    return one.counts


def _print(counts: BridgeCounts, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(counts.as_dict()))
        return
    dead = f"{counts.dead:,} dead letters: see `edge-consumer dead list`"
    click.echo(
        f"{counts.delivered:,} events delivered, {dead if counts.dead else 'no dead letters'}"
    )
