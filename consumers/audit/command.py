"""`edge-consumer audit`: subscribe like any client, and find what did not arrive as it should."""

import json
import signal
from typing import Any

import click

from consumers.audit.audit import LATE, SETTLE, Audit
from consumers.audit.following import End, Following
from consumers.audit.report import AuditReport, audit_totals
from consumers.audit.rows import HEAD, plain, row, sentences, worst_first
from consumers.audit.views import open_view
from consumers.metrics.option import METRICS_OPTION, measured_source
from consumers.options import DURATION, source_options, start_option
from consumers.source import SourceUnavailable
from consumers.steady_clock import SteadyClock

FOREVER = float("inf")
NOTHING = "see whether an agent delivers to this source; --start beginning reads what it has"
ROWS = 50  # of the summary; --json has all


@click.command()
@source_options
@start_option("now")
@click.option("--late", type=DURATION, default=f"{LATE:g}s", show_default=True,
              help="An event that arrives later than this after its time is late.")  # fmt: skip
@click.option("--settle", type=DURATION, default=f"{SETTLE:g}s", show_default=True,
              help="How long a missing event may still arrive before it is lost.")  # fmt: skip
@click.option("--for", "seconds", type=DURATION, metavar="DURATION",
              help="End after this time, not only at Ctrl-C.")  # fmt: skip
@click.option("--until-quiet", is_flag=True,
              help="End when no event has arrived for the time of --settle.")  # fmt: skip
@METRICS_OPTION
@click.option("--json", "as_json", is_flag=True, help="Print JSON at the end, and nothing else.")
def audit(
    late: float,
    settle: float,
    seconds: float | None,
    until_quiet: bool,
    as_json: bool,
    **where: Any,  # noqa: ANN401
) -> int:
    """Follow the events of NODEs, or of all nodes, from the source URL, and judge each log.

    The exit code is 1 if events were lost or one id had two contents, and 4 if there was no
    connection or no event arrived. Ctrl-C ends the audit with its summary.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end = End(FOREVER if seconds is None else seconds, settle if until_quiet else FOREVER)
    found, clock = Audit(late=late, settle=settle), SteadyClock()
    with measured_source(lambda: audit_totals(found.report(clock())), **where) as source:
        source.open()
        view = open_view(silent=as_json, headline=where["url"])
        report = Following(source, found, view, end, clock).run()
    _print(report, source.interruptions, as_json=as_json)
    if not report.logs:
        raise SourceUnavailable("no event arrived", NOTHING)
    return int(not report.clean)


def _print(report: AuditReport, interruptions: int, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({**report.as_dict(), "interruptions": interruptions}))
        return
    logs = worst_first(report)[:ROWS]
    if logs:
        click.echo("\n".join([*plain([HEAD, *map(row, logs)]), ""]))
    if len(report.logs) > ROWS:
        click.echo(f"and {len(report.logs) - ROWS:,} more; --json lists all")
    for sentence in sentences(report, interruptions):
        click.echo(sentence)
