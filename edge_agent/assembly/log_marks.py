"""What the event log says of alerts and outputs over a span of time, for a chart."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import islice
from operator import attrgetter

import msgspec

from edge_agent.evaluate.rules.alerts import OPEN
from edge_agent.event_text import output_state
from edge_agent.events import Alert, LoggedEvent, alert_of
from edge_agent.observe.web.history.source import HistoryMark, HistoryMarks
from edge_agent.samples import TimeSpan
from edge_agent.schema.events import OutputV1
from edge_agent.store.channel_reader import ChannelReader
from edge_agent.store.skipped import UNREADABLE

MOST = 1000  # marks in one answer


def logged_marks(reader: ChannelReader, span: TimeSpan) -> HistoryMarks:
    """Return the alerts that were open as the span began, and the latest marks within it."""
    events = [ask(span, MOST + 1) for ask in (reader.alerts, reader.outputs)]
    newest = merge(*events, key=attrgetter("time"), reverse=True)
    latest = list(islice(newest, MOST + 1))
    opened = (one for one in _alerts(reader.alerts_before(span.since)) if one.state in OPEN)
    within = [mark for event in reversed(latest[:MOST]) for mark in _marks(event)]
    return HistoryMarks([*map(_of_alert, opened), *within], complete=len(latest) <= MOST)


def _marks(event: LoggedEvent) -> Iterator[HistoryMark]:
    """Yield the mark of an event; none for a repetition, and for what does not decode."""
    if event.kind == "output":
        yield from _outputs(event)
    for alert in _alerts([event] if event.kind == "alert" else []):
        if not (alert.repeat or alert.acknowledged):
            yield _of_alert(alert)


def _alerts(events: Iterable[LoggedEvent]) -> Iterator[Alert]:
    for event in events:
        with suppress(*UNREADABLE):
            yield alert_of(event)


def _of_alert(alert: Alert) -> HistoryMark:
    return HistoryMark(alert.moment.time, "alert", alert.rule, alert.state, alert.message)


def _outputs(event: LoggedEvent) -> Iterator[HistoryMark]:
    with suppress(*UNREADABLE):
        output = msgspec.json.decode(event.data, type=OutputV1)
        state = output_state(output.value, output.error)
        yield HistoryMark(event.time, "output", event.source, state, output.error or output.by)
