"""Logged events as text: a line for people, JSON lines, CSV."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, Any

from edge_agent.events import LoggedEvent

COLUMNS = ("offset", "time", "kind", "source", "name", "value", "quality")


def as_dict(event: LoggedEvent) -> dict[str, Any]:
    """Return an event with its time as RFC 3339 and its data decoded."""
    row: dict[str, Any] = {
        "offset": event.offset,
        "time": _time(event),
        "kind": event.kind,
        "source": event.source,
        "data": _data(event),
    }
    if event.boot is not None:
        row |= {"boot": event.boot, "uptime": event.uptime}
    return row


def as_line(event: LoggedEvent) -> str:
    """Return an event on one line, for people."""
    data = _data(event)
    words = [f"{name}={_shown(value)}" for name, value in _facts({**_values(data), **data})]
    doubt = "" if event.boot is None else "?"  # the clock was not synchronised yet
    return f"{event.offset:>8}  {_time(event)}{doubt}  {event.kind:<9} {event.source:<12} " + (
        " ".join(words)
    )


def _write_json_lines(events: Iterable[LoggedEvent], output: IO[str]) -> None:
    for event in events:
        output.write(json.dumps(as_dict(event), ensure_ascii=False) + "\n")


def _write_csv(events: Iterable[LoggedEvent], output: IO[str]) -> None:
    rows = csv.writer(output)
    rows.writerow(COLUMNS)
    for event in events:
        data = _data(event)
        common = (event.offset, _time(event), event.kind, event.source)
        for name, value in _facts(_values(data) or {"": ""}):
            rows.writerow([*common, name, value, data.get("quality") or data.get("state", "")])


def _data(event: LoggedEvent) -> dict[str, Any]:
    """Return an event's data; as a text under `unreadable` if it is no JSON object."""
    with suppress(ValueError, RecursionError):
        found = json.loads(event.data)
        if isinstance(found, dict):
            return found
    return {"unreadable": event.data}


def _values(data: dict[str, Any]) -> dict[str, Any]:
    """Take the values out of an event's data, if it has any."""
    return data.pop("values") if isinstance(data.get("values"), dict) else {}


def _facts(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values; a value in a nested table is `table.name`."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{prefix}{name}.")
        elif value not in ("good", []):
            yield prefix + name, value


def _shown(value: Any) -> str:  # noqa: ANN401
    """Return a value for people: numbers short, everything else as JSON without quotes."""
    if isinstance(value, str):
        return value
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def _time(event: LoggedEvent) -> str:
    moment = datetime.fromtimestamp(event.time / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMATS: dict[str, Callable[[Iterable[LoggedEvent], IO[str]], None]] = {
    "csv": _write_csv,
    "jsonl": _write_json_lines,
}
