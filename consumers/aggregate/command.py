"""`edge-consumer aggregate`: store the readings of nodes, and windows over them."""

import json
import logging
import secrets
import signal
import time
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from consumers.aggregate.aggregator import RunClock, RunEnd, StoringRun
from consumers.aggregate.keep import Keep, parse_keep
from consumers.aggregate.page.option import (
    WEB_OPTION,
    WEB_PASSWORD_OPTION,
    FleetPage,
    page_served_at,
)
from consumers.aggregate.stores.catalog import store_of
from consumers.aggregate.stores.store import Store
from consumers.inbox.settings import InboxCounts
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.metrics.figures import inbox_totals
from consumers.metrics.option import METRICS_OPTION, measured_source
from consumers.options import (
    DURATION,
    member_option,
    source_options,
    start_option,
)
from consumers.query.opened import opened_at
from consumers.state import LETTERS, directory_of, state_directory
from consumers.steady_clock import SteadyClock
from edge_agent.config.listen import ListenAddress
from edge_agent.deliver.complaints import Complaints

FOREVER = float("inf")
LOG_FORMAT = "%(levelname)s: %(message)s"
COUNTED = ("events", "duplicates", "dead")

_logger = logging.getLogger(__name__)


class RunChoice(NamedTuple):
    """What the command line asks of a run."""

    keep: Keep
    end: RunEnd
    page: FleetPage


def _keep(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> Keep:
    try:
        return parse_keep(texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@source_options
@member_option
@start_option("beginning")
@click.option("--store", "where", default="", metavar="STORE",
              help="duckdb:PATH or postgresql://USER@HOST/NAME; default: in --state.")  # fmt: skip
@click.option("--state", default="", metavar="DIR", help="Directory for what is kept.")
@click.option("--keep", multiple=True, callback=_keep, metavar="WHAT=DURATION",
              help="Delete what is older, such as readings=30d, events=90d, 1m=90d.")  # fmt: skip
@click.option("--for", "seconds", type=DURATION, metavar="DURATION",
              help="End after this time, not only at Ctrl-C.")  # fmt: skip
@click.option("--until-quiet", type=DURATION, metavar="DURATION",
              help="End when no event has arrived for this time.")  # fmt: skip
@METRICS_OPTION
@WEB_OPTION
@WEB_PASSWORD_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end, and nothing else.")
def aggregate(
    where: str,
    state: str,
    keep: Keep,
    seconds: float | None,
    until_quiet: float | None,
    *,
    web: ListenAddress | None,
    web_password_file: str,
    as_json: bool,
    **source: Any,  # noqa: ANN401
) -> int:
    """Store the events of NODEs, or of all nodes, at the broker URL.

    Each reading is stored once, whatever is killed, and counts in its windows of 1 minute, 15
    minutes, 1 hour and 1 day. `edge-consumer query` reads the store. Ctrl-C ends the command.
    """
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end = RunEnd(*(FOREVER if each is None else each for each in (seconds, until_quiet)))
    page = FleetPage(web, web_password_file)
    path = directory_of(state, "aggregate")
    counts = _followed(path, where, source, RunChoice(keep, end, page))
    _print(counts, as_json=as_json)
    return 0


def _followed(path: Path, where: str, options: dict[str, Any], choice: RunChoice) -> InboxCounts:
    """Store what arrives until the end, or Ctrl-C; return what was counted."""
    run: StoringRun
    with ExitStack() as stack:
        directory = stack.enter_context(state_directory(path))
        store = stack.enter_context(closing(store_of(where, directory)))
        store.open()
        page = page_served_at(choice.page, partial(opened_at, where, directory))
        letters = stack.enter_context(closing(SqliteLetters(directory / LETTERS)))
        place = {"group": _group(store, options), "state": str(directory)}
        totals = lambda: inbox_totals(run.counts)  # noqa: E731
        source = stack.enter_context(measured_source(totals, **{**options, **place}))
        source.open()
        clock = RunClock(SteadyClock(), time.sleep)
        complaints = Complaints(_logger)
        run = StoringRun(
            source,
            store,
            letters,
            keep=choice.keep,
            end=choice.end,
            clock=clock,
            complaints=complaints,
        )
        with suppress(KeyboardInterrupt):
            _logger.info("storing the events of %s in %s", options["url"], store)
            stack.enter_context(page)
            run.run()
    return run.counts


def _group(store: Store, options: dict[str, Any]) -> str:
    """Return the name of the place at the bus: the store's if `--group` has none."""
    return options["group"] or store.name(f"aggregate-{secrets.token_hex(4)}")


def _print(counts: InboxCounts, *, as_json: bool) -> None:
    found = {name: getattr(counts, name) for name in COUNTED}
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo(", ".join(f"{count:,} {name}" for name, count in found.items()))
