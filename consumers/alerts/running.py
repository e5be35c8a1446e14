"""`edge-consumer alerts RULES URL`: one active instance, and others that stand by."""

import json
import logging
import secrets
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import click

from consumers.alerts.engine import AlertEngine
from consumers.alerts.nodes import FleetNodes
from consumers.alerts.notify.formats import plain
from consumers.alerts.notify.outbox import NotificationOutbox
from consumers.alerts.notify.sender import SentBatch, TargetSender
from consumers.alerts.notify.targets import open_target, problems_of
from consumers.alerts.plan import FleetPlan, load_plan
from consumers.alerts.records import AlertRecords
from consumers.alerts.show import alert_line
from consumers.alerts.store import FILE, AlertStore
from consumers.alerts.system import AlertParts, AlertSystem
from consumers.alerts.transition import Transition
from consumers.inbox.inbox import Inbox
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.metrics.figures import inbox_totals
from consumers.metrics.option import METRICS_OPTION, measured_source
from consumers.options import DURATION, source_options, start_option
from consumers.state import LETTERS, StateLock, directory_of
from edge_agent.errors import AgentError
from edge_agent.threads import STOP_SECONDS, Worker

FOREVER = float("inf")
STANDBY_SECONDS = 0.5  # between two looks whether the active instance has ended
LOG_FORMAT = "%(levelname)s: %(message)s"

_logger = logging.getLogger(__name__)


@click.command()
@click.argument("rules", type=click.Path(path_type=Path))
@source_options
@start_option("now")
@click.option("--state", default="", metavar="DIR", help="Directory for what must survive.")
@click.option("--for", "seconds", type=DURATION, metavar="DURATION",
              help="End after this time, not only at Ctrl-C.")  # fmt: skip
@METRICS_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print each change as a line of JSON.")
def run(
    rules: Path,
    state: str,
    seconds: float | None,
    as_json: bool,
    **where: Any,  # noqa: ANN401
) -> None:
    """Evaluate the rules in RULES over the events of NODEs, or of all nodes, at the URL.

    A second instance with the same --state stands by, and takes over when the first one ends.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    plan = load_plan(rules, problems_of)
    directory = directory_of(state, "alerts")
    report = _print_json if as_json else _print_line
    try:
        with ExitStack() as stack:
            _wait_for(stack.enter_context(closing(StateLock(directory))))
            system = _system(stack, plan, directory, where, report)
            _logger.info("listening; %d rules", len(plan.rules))
            system.run(FOREVER if seconds is None else seconds)
    except KeyboardInterrupt:
        pass  # the usual end
    except sqlite3.Error as error:
        raise AgentError(f"{directory}: {error}", "free the disk, or choose --state") from error


def _wait_for(lock: StateLock) -> None:
    if lock.take():
        return
    _logger.info("another instance is active; standing by")
    while not lock.take():
        time.sleep(STANDBY_SECONDS)
    _logger.info("the other instance has ended; active now")


def _system(
    stack: ExitStack,
    plan: FleetPlan,
    directory: Path,
    where: dict[str, Any],
    report: Callable[[Transition], None],
) -> AlertSystem:
    """Return the system with its source open; what was opened is closed with the stack."""
    progress = stack.enter_context(closing(SqliteProgress(directory / FILE)))
    letters = stack.enter_context(closing(SqliteLetters(directory / LETTERS)))
    store = AlertStore(progress)
    where["group"] = where["group"] or store.setting("group", f"alerts-{secrets.token_hex(4)}")
    inbox = Inbox(progress, letters)
    totals = lambda: inbox_totals(inbox.counts)  # noqa: E731
    source = stack.enter_context(measured_source(totals, **where, state=str(directory)))
    nodes = FleetNodes(store.nodes(), plan.spans, plan.lateness)
    nodes.expect(plan.expected)
    records = AlertRecords(store.records())
    outbox = stack.enter_context(_outbox(plan, store))
    source.open()
    store.note_disconnection(None)
    began = time.time_ns() // 1000
    engine = AlertEngine(plan.rules, nodes, records, plan.max_age, began)
    return AlertSystem(AlertParts(source, inbox, engine, store, outbox), report)


@contextmanager
def _outbox(plan: FleetPlan, store: AlertStore) -> Iterator[NotificationOutbox]:
    """Yield the outbox with its threads running."""
    sent: SimpleQueue[SentBatch] = SimpleQueue()
    senders = {
        one.name: TargetSender(one.name, partial(open_target, one), sent) for one in plan.notify
    }
    died: SimpleQueue[str] = SimpleQueue()
    workers = [Worker(one.name, one.run, one.stop, died.put) for one in senders.values()]
    for worker in workers:
        worker.start()
    try:
        yield NotificationOutbox(store, plan.notify, senders, sent)
    finally:
        for worker in workers:
            worker.request_stop()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.join(deadline)


def _print_line(transition: Transition) -> None:
    click.echo(alert_line(transition))


def _print_json(transition: Transition) -> None:
    click.echo(json.dumps(plain(transition), ensure_ascii=False))
