"""A worker that sums up the readings of a fleet, on Quix Streams over Kafka.

python windows.py BROKERS STATE_DIRECTORY

Start as many workers as you like, each with a directory of its own: they share the partitions, and
those that are left take over from one that dies. What it writes to `edge-windows` is upserted by
its key: a window is written again whenever a reading of it arrives, however late.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from quixstreams import Application

from consumers.aggregate.sums import Sums, countable, merged, sums_of
from consumers.decode import events_in
from consumers.received_event import ReceivedEvent

EVENTS, WINDOWS, ALERTS, UNUSED = "edge-events", "edge-windows", "edge-alerts", "edge-unused"
SECONDS = 60  # the length of a window
KEEP = 86_400  # s: how late a reading may be
TOO_WARM = 30.0  # °C
KILLED_AFTER = 6000  # ms without a sign of life: then its partitions go to the other workers
NEWEST = "newest"  # the state's name for the latest time of a device


class Window(msgspec.Struct):
    """What a device's channel came to, and whose readings it contains: the offsets by log."""

    sums: Sums
    contains: dict[str, list[int]]


def output(payload: bytes, state: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - quixstreams has no types
    """Return the windows that a message corrects, and what is not used, each with its topic."""
    found: list[dict[str, Any]] = []
    for event in events_in(payload):
        if not isinstance(event, ReceivedEvent):
            found.append({"topic": UNUSED, "reason": getattr(event, "reason", "an introduction")})
        elif event.kind == "reading" and event.trusted:
            found.extend(_reading(event, state))
    return found


def _reading(event: ReceivedEvent, state: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    newest = _advanced(event, state)
    if event.time.timestamp() < newest - KEEP:
        yield {"topic": UNUSED, "reason": "later than a day", "id": event.id}
        return
    for channel, value in event.data["values"].items():
        if countable(value):
            yield from _corrected(event, channel, float(value), state)


def _advanced(event: ReceivedEvent, state: Any) -> float:  # noqa: ANN401
    """Return the latest time of a device, and forget the windows that nothing corrects any more."""
    before = state.get(NEWEST, event.time.timestamp())
    newest: float = max(event.time.timestamp(), before)
    for start in range(_start(before - KEEP), _start(newest - KEEP), SECONDS):
        for channel in event.data["values"]:
            state.delete(f"{channel} {start}")
    state.set(NEWEST, newest)
    return newest


def _start(time: float) -> int:
    return int(time) // SECONDS * SECONDS


def _corrected(
    event: ReceivedEvent,
    channel: str,
    value: float,
    state: Any,  # noqa: ANN401
) -> Iterator[dict[str, Any]]:
    start = _start(event.time.timestamp())
    place = f"{channel} {start}"
    window = _window(state.get(place))
    sums = sums_of([value], value, event.time, event.offset)
    if window is None:
        window = Window(sums, {})
    elif event.offset in window.contains.get(event.log, ()):
        return  # it arrived before
    else:
        window.sums = merged(window.sums, sums)
    window.contains.setdefault(event.log, []).append(event.offset)
    state.set(place, msgspec.json.encode(window).decode())
    yield _row(event, channel, start, window.sums)


def _window(saved: str | None) -> Window | None:
    return None if saved is None else msgspec.json.decode(saved, type=Window)


def _row(event: ReceivedEvent, channel: str, start: int, sums: Sums) -> dict[str, Any]:
    return {
        "topic": WINDOWS,
        "key": f"{event.node}/{event.subject}/{channel}/{start}",
        "node": event.node,
        "device": event.subject,
        "channel": channel,
        "start": start,
        "seconds": SECONDS,
        "count": sums.number,
        "min": sums.low,
        "mean": sums.mean,
        "max": sums.high,
        "last": sums.last,
    }


def too_warm(row: dict[str, Any]) -> bool:
    """Return whether a window is an alert: the rule of the fleet, on what all nodes have."""
    return row["topic"] == WINDOWS and row["channel"] == "temperature" and row["mean"] > TOO_WARM


def run(brokers: str, directory: str) -> None:
    """Work until a signal ends it."""
    app = Application(
        broker_address=brokers,
        consumer_group="fleet-windows",
        auto_offset_reset="earliest",
        processing_guarantee="at-least-once",  # windows are upserted, so twice is once
        state_dir=Path(directory),
        commit_interval=1.0,
        consumer_extra_config={"session.timeout.ms": KILLED_AFTER, "heartbeat.interval.ms": 1500},
    )
    events = app.topic(EVENTS, key_deserializer="str", value_deserializer="bytes")
    topics = {name: app.topic(name, value_serializer="json") for name in (WINDOWS, ALERTS, UNUSED)}
    rows = app.dataframe(events).apply(output, stateful=True, expand=True)
    for name in (WINDOWS, UNUSED):
        part = rows[rows["topic"] == name]
        part.to_topic(topics[name], key=lambda row: row.get("key", ""))
    rows.filter(too_warm).to_topic(topics[ALERTS], key=lambda row: row["key"])
    app.run()


if __name__ == "__main__":
    run(*sys.argv[1:])
