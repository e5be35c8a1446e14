"""What alerts look like in a terminal."""

from collections.abc import Sequence

from consumers.alerts.records import AlertKey
from consumers.alerts.transition import AlertRecord, Transition, moment_of

HEAD = ("state", "severity", "rule", "node", "since", "")


def alert_line(one: Transition) -> str:
    """Return a change as one line."""
    time = f"{moment_of(one.at).astimezone():%H:%M:%S}"
    place = f" {one.node}" if one.node else ""
    repeated = f", repeated {one.repeat}" if one.repeat else ""
    notes = f", silenced{repeated}" if one.silenced else repeated
    text = f": {_text(one)}" if _text(one) else ""
    return f"{time}  {one.state} {one.rule}{place} ({one.severity}{notes}){text}"


def alert_rows(records: dict[AlertKey, AlertRecord]) -> Sequence[Sequence[str]]:
    """Return a row for each alert that is open or pending, the worst first."""
    rows = [HEAD]
    for (rule, node), record in sorted(records.items()):
        last = record.last
        if last is not None and current_state(record):
            since = f"{moment_of(last.since).astimezone():%Y-%m-%d %H:%M:%S}"
            rows.append((current_state(record), last.severity, rule, node, since, _text(last)))
    return rows


def current_state(record: AlertRecord) -> str:
    """Return the state as people see it; "" if it is neither open nor pending."""
    state = record.state
    if state.flapping:
        return "flapping"
    if state.state == "firing":
        return "acknowledged" if state.acknowledged else "firing"
    return "pending" if state.state == "pending" else ""


def _text(one: Transition) -> str:
    values = ", ".join(f"{name} = {value:g}" for name, value in one.values.items())
    return one.message or values or ", ".join(one.nodes)
