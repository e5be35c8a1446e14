"""The events of all measurements: readings of a BME280."""

from collections.abc import Iterator

import msgspec

from drivers.base.channel import Channel
from edge_agent.clock import Moment
from edge_agent.deliver.envelope import Envelope
from edge_agent.events import Event, LoggedEvent, Reading

MOMENT = Moment(1_700_000_000_123_456, 5_000_000, trusted=True)


CHANNELS = (
    Channel("temperature", "°C", -40, 85, 0.01),
    Channel("humidity", "%", 0, 100, 0.01),
    Channel("atmospheric_pressure", "hPa", 300, 1100, 0.01),
)


def values(n: int) -> dict[str, float]:
    """Return what a BME280 measures; it differs from the measurement before."""
    return {
        "temperature": 21.5 + n % 100 / 100,
        "humidity": 40.25,
        "atmospheric_pressure": 1013.25,
    }


def reading(n: int) -> Reading:
    """Return a reading; its values differ from the one before."""
    return Reading("air", MOMENT, values(n))


def events(count: int) -> list[Event]:
    """Return events as the engine hands them to the recorder."""
    return [reading(n).event() for n in range(count)]


def rows(count: int) -> Iterator[tuple[int, None, None, str, str, str]]:
    """Yield the rows that the log writes for them."""
    for event in events(count):
        data = msgspec.json.encode(event.data).decode()
        yield event.moment.time, None, None, event.kind, event.source, data


def envelopes(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield topic and bytes as they are published."""
    envelope = Envelope("bench", "0123456789ab")
    for offset, row in enumerate(rows(count), 1):
        yield "edge/bench/event/reading/air", envelope.encode(LoggedEvent(offset, *row))
