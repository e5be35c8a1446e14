"""Logged events as text: a line for people, JSON lines, CSV."""

import csv
from collections.abc import Callable, Iterable
from typing import IO, Any

from edge_agent.clock import rfc3339
from edge_agent.event_text import as_json, data_of, exact, facts_of, shown
from edge_agent.events import LoggedEvent

COLUMNS = ("offset", "time", "boot", "uptime", "kind", "source", "name", "value", "quality")


def as_dict(event: LoggedEvent) -> dict[str, Any]:
    """Return an event with its time as RFC 3339 and its data decoded."""
    row: dict[str, Any] = {
        "offset": event.offset,
        "time": rfc3339(event.time),
        "kind": event.kind,
        "source": event.source,
        "data": data_of(event),
    }
    if event.boot is not None:
        row |= {"boot": event.boot, "uptime": event.uptime}
    return row


def as_json_line(event: LoggedEvent) -> str:
    """Return an event as JSON, for scripts."""
    return as_json(as_dict(event))


def as_line(event: LoggedEvent) -> str:
    """Return an event on one line, for people."""
    words = [f"{name}={shown(value)}" for name, value in facts_of(event)]
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
        data = data_of(event)
        common = (
            event.offset,
            rfc3339(event.time),
            event.boot,
            event.uptime,
            event.kind,
            event.source,
        )
        quality = data.get("quality") or data.get("state", "")
        for name, value in facts_of(event) or [("", "")]:
            rows.writerow([*common, name, exact(value), exact(quality)])


FORMATS: dict[str, Callable[[Iterable[LoggedEvent], IO[str]], None]] = {
    "csv": _write_csv,
    "jsonl": _write_json_lines,
}
