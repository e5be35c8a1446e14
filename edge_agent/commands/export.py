"""Logged events as text: a line for people, JSON lines, CSV."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any

from edge_agent.clock import rfc3339
from edge_agent.events import LoggedEvent

COLUMNS = ("offset", "time", "boot", "uptime", "kind", "source", "name", "value", "quality")


def as_dict(event: LoggedEvent) -> dict[str, Any]:
    """Return an event with its time as RFC 3339 and its data decoded."""
    row: dict[str, Any] = {
        "offset": event.offset,
        "time": rfc3339(event.time),
        "kind": event.kind,
        "source": event.source,
        "data": _data(event),
    }
    if event.boot is not None:
        row |= {"boot": event.boot, "uptime": event.uptime}
    return row


def as_json_line(event: LoggedEvent) -> str:
    """Return an event as JSON, for scripts."""
    return _json(as_dict(event))


def as_line(event: LoggedEvent) -> str:
    """Return an event on one line, for people."""
    words = [f"{name}={_shown(value)}" for name, value in _facts_of(event)]
    doubt = "" if event.boot is None else "?"  # the clock was not synchronised yet
    return (
        f"{event.offset:>8}  {rfc3339(event.time)}{doubt}  {event.kind:<9} {event.source:<12} "
        + (" ".join(words))
    )


def _write_json_lines(events: Iterable[LoggedEvent], output: IO[str]) -> None:
    for event in events:
        output.write(as_json_line(event) + "\n")


def _write_csv(events: Iterable[LoggedEvent], output: IO[str]) -> None:
    """Write a row for each fact; one whose clock was not set has boot and uptime beside its time.

    `quality` repeats the event's own, or its state, so that a row can be judged by itself.
    """
    rows = csv.writer(output)
    rows.writerow(COLUMNS)
    for event in events:
        data = _data(event)
        common = (
            event.offset,
            rfc3339(event.time),
            event.boot,
            event.uptime,
            event.kind,
            event.source,
        )
        quality = data.get("quality") or data.get("state", "")
        for name, value in _facts_of(event) or [("", "")]:
            rows.writerow([*common, name, _exact(value), _exact(quality)])


def _facts_of(event: LoggedEvent) -> list[tuple[str, Any]]:
    """Return what an event says beside what is usual, its values first."""
    data = _data(event)
    values = data.pop("values") if isinstance(data.get("values"), dict) else {}
    return list(_facts({**values, **data}))


def _data(event: LoggedEvent) -> dict[str, Any]:
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


def _shown(value: Any) -> str:  # noqa: ANN401
    """Return a value for people: numbers short, and on one line whatever it holds."""
    return f"{value:g}" if isinstance(value, float) else _exact(value)


def _exact(value: Any) -> str:  # noqa: ANN401
    """Return a value as JSON; a text without quotes, unless it would end or hide the line."""
    return value if isinstance(value, str) and value.isprintable() else _json(value)


def _json(value: Any) -> str:  # noqa: ANN401
    """Return JSON on one line; what a terminal would obey or break is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(value)


FORMATS: dict[str, Callable[[Iterable[LoggedEvent], IO[str]], None]] = {
    "csv": _write_csv,
    "jsonl": _write_json_lines,
}
