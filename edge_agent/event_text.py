"""What events say in words: in `log tail`, exports, the terminal and the page."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from edge_agent.events import Alert, LoggedEvent, Switched

LEVELS = {0.0: "off", 1.0: "on"}


def facts_of(event: LoggedEvent) -> list[tuple[str, Any]]:
    """Return what an event says beside what is usual, its values first."""
    data = data_of(event)
    values = data.pop("values") if isinstance(data.get("values"), dict) else {}
    return list(_facts({**values, **data}))


def data_of(event: LoggedEvent) -> dict[str, Any]:
    """Return an event's data; as a text under `unreadable` if it is no JSON object."""
    with suppress(ValueError, RecursionError):
        found = json.loads(event.data)
        if isinstance(found, dict):
            return found
    return {"unreadable": event.data}


def _facts(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values; a value in a nested table is `table.name`."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{prefix}{name}.")
        elif value not in ("good", []):
            yield prefix + name, value


def shown(value: Any) -> str:  # noqa: ANN401 - anything that JSON has
    """Return a value for people: numbers short, and on one line whatever it holds."""
    return f"{value:g}" if isinstance(value, float) else exact(value)


def exact(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON; a text without quotes, unless it would end or hide the line."""
    return value if isinstance(value, str) and value.isprintable() else as_json(value)


def as_json(value: Any) -> str:  # noqa: ANN401
    """Return JSON on one line; what a terminal would obey or break is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


def alert_text(alert: Alert) -> str:
    """Return the state of a rule, with its message."""
    message = f": {exact(alert.message)}" if alert.message else ""
    return f"{alert.state} ({alert.severity}){message}"


def output_state(value: float, error: str = "") -> str:
    """Return whether an output is on, off or between; "failed" if it did not follow."""
    return "failed" if error else LEVELS.get(value, f"{value:g}")


def output_text(switched: Switched) -> str:
    """Return the value of an output, and what set it."""
    by = f"{output_state(switched.value)} by {switched.by}"
    return f"{by}: {exact(switched.error)}" if switched.error else by
