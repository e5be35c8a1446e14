"""What the log has of the last minutes: values, windows, and aggregates under way."""

import logging
from typing import NamedTuple

import msgspec

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.current_values import CurrentValues, DeviceValues
from edge_agent.events import Alert, LoggedEvent, Reading, alert_of
from edge_agent.store.reader import LogReader
from edge_agent.store.skipped import UNREADABLE, Skipped

CHUNK = 1000
_logger = logging.getLogger(__name__)


class Logged(msgspec.Struct, frozen=True):
    """A logged reading's data."""

    values: dict[str, float]
    quality: str
    detail: str = ""
    refused: dict[str, str] = {}


class LoggedAggregate(msgspec.Struct, frozen=True):
    """A logged aggregate's data, as far as it matters here."""

    seconds: float
    thinned: bool = False


class History(NamedTuple):
    """Readings with their offsets, oldest first, and the last aggregate of device and window."""

    readings: list[tuple[int, Reading]]
    aggregates: dict[tuple[str, float], int]


def last_alerts(reader: LogReader) -> dict[str, Alert]:
    """Return the last alert of each rule; one of another form than this version's is left out."""
    found, skipped = {}, Skipped()
    for rule, event in reader.latest_alerts().items():
        try:
            found[rule] = alert_of(event)
        except UNREADABLE as error:
            skipped.add(event, error)
    skipped.report(_logger)
    return found


def restore_values(current: CurrentValues, history: History) -> None:
    """Restore the current values; what an aggregate has already is not counted again."""
    for offset, reading in history.readings:
        device = current.devices.get(reading.device)
        if device is None:
            continue
        device.logged = reading
        current.store(device, reading)
        _count(device, offset, reading, history)


def _count(device: DeviceValues, offset: int, reading: Reading, history: History) -> None:
    for seconds, aggregator in device.aggregators.items():
        if offset > history.aggregates.get((device.name, seconds), 0):
            device.overdue += aggregator.add(reading)


def read_history(reader: LogReader, boot: str, now: Moment, seconds: float) -> History:
    """Return the last `seconds`, on this boot's uptime."""
    begin = now.uptime - round(seconds * 1e6)
    number = reader.boot_number(boot)
    found, skipped = History([], {}), Skipped()
    offset = reader.last_offset()
    while chunk := reader.read_before(offset, CHUNK):
        times = [uptime_of(event, number, now) for event in chunk]
        for event, uptime in zip(chunk, times, strict=True):
            recent = uptime is not None and begin <= uptime <= now.uptime
            try:
                _take(found, event, uptime if recent else None)
            except UNREADABLE as error:
                skipped.add(event, error)
        offset = chunk[-1].offset - 1
        if not any(uptime is not None and begin <= uptime <= now.uptime for uptime in times):
            break  # recent events lie together: behind a chunk without any there are none
    skipped.report(_logger)
    return History(in_order(found.readings), found.aggregates)


def in_order(readings: list[tuple[int, Reading]]) -> list[tuple[int, Reading]]:
    """Return readings, which are newest first, as they came: the wall clock may have gone back.

    One that was logged before another was not measured after it.
    """
    latest, ordered = NEVER, []
    for offset, reading in readings:
        latest = min(latest, reading.moment.uptime)
        moment = reading.moment._replace(uptime=latest)
        ordered.append((offset, msgspec.structs.replace(reading, moment=moment)))
    return ordered[::-1]


def uptime_of(event: LoggedEvent, boot: int | None, now: Moment) -> int | None:
    """Return when an event was, on this boot's uptime in µs; None if that is unknown."""
    if event.boot is not None:
        return event.uptime if event.boot == boot else None
    return now.uptime - (now.time - event.time) if now.trusted else None


def _take(found: History, event: LoggedEvent, uptime: int | None) -> None:
    """Note an event; raise msgspec.DecodeError if its form is not one that this version writes."""
    if event.kind == "aggregate":
        data = msgspec.json.decode(event.data, type=LoggedAggregate)
        if not data.thinned:  # that one has readings of long ago
            found.aggregates.setdefault((event.source, data.seconds), event.offset)
    elif event.kind == "reading" and uptime is not None:
        logged = msgspec.json.decode(event.data, type=Logged)
        moment = Moment(event.time, uptime, trusted=event.boot is None)
        reading = Reading(
            event.source, moment, logged.values, logged.quality, logged.detail, logged.refused
        )
        found.readings.append((event.offset, reading))
