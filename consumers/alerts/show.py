"""What alerts look like in a terminal."""

from collections.abc import Iterator, Mapping

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


def alert_table(records: Mapping[AlertKey, AlertRecord]) -> list[str]:
    """Return a line for each alert that is open or pending, below a heading; none without one."""
    rows = [HEAD, *(row for one in sorted(records.items()) for row in _row(*one))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return lines if len(lines) > 1 else []


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


def _row(key: AlertKey, record: AlertRecord) -> Iterator[tuple[str, ...]]:
    """Yield its row, if it is open or pending."""
    last, state = record.last, current_state(record)
    if last is not None and state:
        since = f"{moment_of(last.since).astimezone():%Y-%m-%d %H:%M:%S}"
        yield (state, last.severity, *key, since, _text(last))
