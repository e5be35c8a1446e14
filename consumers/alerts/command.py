"""`edge-consumer alerts`: the alert system, and what people do about its alerts."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from consumers.alerts.notify.formats import plain, utc_text
from consumers.alerts.notify.targets import problems_of
from consumers.alerts.plan import FleetPlan, load_plan
from consumers.alerts.records import AlertKey
from consumers.alerts.running import run
from consumers.alerts.show import alert_line, alert_table, current_state
from consumers.alerts.silence import AlertSilence
from consumers.alerts.store import FILE, AlertRequest, AlertStore
from consumers.alerts.transition import AlertRecord
from consumers.inbox.sqlite_progress import SqliteProgress
from consumers.options import DURATION
from consumers.source import SourceUnavailable
from consumers.state import directory_of
from edge_agent.command_line import HelpfulGroup
from edge_agent.errors import AgentError, ConfigError


class AlertGroup(HelpfulGroup):
    """Runs the alert system if the first word is not the name of a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `run` before a file of rules."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the usual form first."""
        formatter.write_usage(ctx.command_path, "RULES URL [NODE]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="   or: ")


class NothingFires(AgentError):
    """What is to be acknowledged does not fire."""


state_option = click.option(
    "--state", default="", metavar="DIR", help="Directory of the alert system's state."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
node_option = click.option("--node", default="*", help="Only this node; * stands for any text.")


@click.group(cls=AlertGroup)
def alerts() -> None:
    """Evaluate rules over the channels of any node, and notify people."""


alerts.add_command(run)


@alerts.command()
@click.argument("rules", type=click.Path(path_type=Path))
@json_option
def check(rules: Path, as_json: bool) -> int:
    """Check RULES without a connection; the exit code is 2 if there are mistakes."""
    try:
        plan = load_plan(rules, problems_of)
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"problems": error.problems}, ensure_ascii=False))
        return ConfigError.exit_code
    click.echo(json.dumps({"problems": []}) if as_json else _summary(rules, plan))
    return 0


@alerts.command("list")
@click.option("--history", type=int, metavar="N", default=0, help="Show the latest N changes.")
@state_option
@json_option
def list_alerts(history: int, state: str, as_json: bool) -> int:
    """Show the alerts that fire or are pending; the exit code is 1 if one fires."""
    with _store(state) as store:
        records, changes = store.records(), store.history(history)
        silences, unseen = store.silences(_now()), store.counts()
        away = store.disconnected_since()
    fires = any(one.state.open for one in records.values())
    if as_json:
        found: dict[str, Any] = {
            "alerts": _as_json(records),
            "silences": _fields(silences),
            "unseen": unseen,
        }
        found["disconnected_since"] = None if away is None else utc_text(away)
        found |= {"history": [plain(one) for one in changes]} if history else {}
        click.echo(json.dumps(found, ensure_ascii=False))
        return int(fires)
    lines = [alert_line(one) for one in changes] if history else alert_table(records)
    click.echo("\n".join([*(lines or ["nothing fires"]), *_remarks(silences, unseen, away)]))
    return int(fires)


@alerts.command()
@click.argument("rule")
@node_option
@state_option
@json_option
def ack(rule: str, node: str, state: str, as_json: bool) -> None:
    """Acknowledge the alerts of RULE: they are not repeated. Exit code 1 if none fires."""
    wanted = AlertSilence(rule, node, 2**63 - 1)
    with _store(state) as store:
        keys = [
            key
            for key, record in store.records().items()
            if record.state.open and wanted.covers(*key, 0)
        ]
        for key in keys:
            store.ask(AlertRequest("ack", *key))
    if not keys:
        raise NothingFires(f"{rule}: no such alert fires", "see `edge-consumer alerts list`")
    found = [{"rule": name, "node": place} for name, place in keys]
    lines = [f"acknowledged: {name}{f' of {place}' if place else ''}" for name, place in keys]
    click.echo(json.dumps({"acknowledged": found}) if as_json else "\n".join(lines))


@alerts.command()
@click.argument("rule")
@click.argument("duration", type=DURATION)
@node_option
@click.option("--by", default="", help="Who silences it, or why.")
@state_option
@json_option
def silence(rule: str, duration: float, as_json: bool, **more: str) -> None:
    """Do not notify of RULE for a DURATION such as 2h; 0s ends that. * stands for any text."""
    until = _now() + round(duration * 1e6)
    one = AlertSilence(rule, more["node"], until, more["by"])
    with _store(more["state"]) as store:
        store.add_silence(one, _now())
    where = "" if one.node == "*" else f", node {one.node}"
    ended = f"no longer silenced: {rule}{where}"
    text = f"silenced: {rule}{where}, until {_local(until)}" if duration else ended
    click.echo(json.dumps({"silenced": _fields([one] if duration else [])}) if as_json else text)


@alerts.command()
@click.argument("node")
@state_option
@json_option
def forget(node: str, state: str, as_json: bool) -> None:
    """Forget NODE, which is not coming back: its alerts are resolved."""
    with _store(state) as store:
        store.ask(AlertRequest("forget", "", node))
    click.echo(json.dumps({"forgotten": node}) if as_json else f"forgotten: {node}")


@contextmanager
def _store(state: str) -> Iterator[AlertStore]:
    file = directory_of(state, "alerts") / FILE
    if not file.exists():
        what = f"{file.parent}: there is no state of an alert system"
        raise SourceUnavailable(what, "name its directory with --state")
    with closing(SqliteProgress(file)) as progress:
        yield AlertStore(progress)


def _summary(rules: Path, plan: FleetPlan) -> str:
    count = f"{len(plan.rules)} rules with the built-in ones"
    return f"{rules}: {count}, {len(plan.notify)} targets: no problems"


def _remarks(
    silences: Iterable[AlertSilence], unseen: Mapping[str, int], away: int | None
) -> Iterator[str]:
    for one in silences:
        yield f"silenced: {one.rule}, node {one.node}, until {_local(one.until)}"
    if unseen:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(unseen.items()))
        yield f"readings that no rule has seen: {reasons}"
    if away is not None:
        yield f"not connected since {_local(away)}: no node counts as silent meanwhile"


def _as_json(records: dict[AlertKey, AlertRecord]) -> list[dict[str, Any]]:
    return [
        {**plain(one.last), "state": current_state(one), "notified": one.notified}
        for one in records.values()
        if one.last is not None and current_state(one)
    ]


def _fields(silences: Iterable[AlertSilence]) -> list[dict[str, Any]]:
    return [
        {"rule": one.rule, "node": one.node, "until": utc_text(one.until), "by": one.by}
        for one in silences
    ]


def _now() -> int:
    return time.time_ns() // 1000


def _local(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at / 1e6))
