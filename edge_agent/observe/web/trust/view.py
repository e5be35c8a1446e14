"""What the page asks about trust: events, refusals, the doctor, the configuration, log lines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

import msgspec

from edge_agent.events import LoggedEvent
from edge_agent.observe.web.route import Json, Offer, Query, Route, Stream
from edge_agent.observe.web.trust.doctor_runs import DoctorRuns
from edge_agent.observe.web.trust.event_path import TrustLog, event_path
from edge_agent.observe.web.trust.log_lines import LineBook, LogLine
from edge_agent.observe.web.trust.offset_times import OffsetTimes
from edge_agent.observe.web.trust.refusals import refusals

EVENTS = 50  # most of the last events that are listed at once


class TrustSources(NamedTuple):
    """Where the view finds what it shows; `refinement` says in words how a device is corrected."""

    open_log: Callable[[], TrustLog]
    configuration: Callable[[], Any]
    refinement: Callable[[str], Sequence[str]]


class TrustView:
    """Answers from the log, and from what the agent's threads have reported."""

    def __init__(
        self, sources: TrustSources, times: OffsetTimes, doctor: DoctorRuns, lines: LineBook
    ) -> None:
        self._sources = sources
        self._times = times
        self._doctor = doctor
        self._lines = lines

    def routes(self) -> Iterator[Offer]:
        """Yield what the view answers."""
        yield Route("GET", "api/event", self._event)
        yield Route("GET", "api/events", self._events)
        yield Route("GET", "api/refusals", self._refusals)
        yield Route("GET", "api/doctor", lambda _: Json(self._doctor.report))
        yield Route("POST", "api/doctor", self._examine)
        yield Route("GET", "api/config", lambda _: Json(self._sources.configuration()))
        yield Stream("api/lines", lambda: self._lines.last, self._fresh)

    def _event(self, query: Query) -> Json:
        """Answer the path of an event, and the log lines about it."""
        with closing(self._sources.open_log()) as log:
            text = query.text("id")
            path = event_path(log, text, self._times.known, self._sources.refinement)
        lines = [one for one in self._lines.last if one.about.get("event") == path.id]
        return Json(msgspec.structs.replace(path, lines=lines))

    def _events(self, query: Query) -> Json:
        """Answer the last events, newest first, up to an offset."""
        count = query.whole("count", 1, EVENTS, 20)
        with closing(self._sources.open_log()) as log:
            upto = query.whole("upto", 0, 2**62, log.last_offset())
            found = log.read_before(upto, count)
            return Json([_listed(log.id, each) for each in found])

    def _refusals(self, _: Query) -> Json:
        with closing(self._sources.open_log()) as log:
            return Json(refusals(log))

    def _examine(self, _: Query) -> Json:
        self._doctor.ask()
        return Json(self._doctor.report)

    def _fresh(self) -> Sequence[LogLine]:
        self._times.collect()
        self._doctor.collect()
        return self._lines.fresh()


def _listed(log: str, event: LoggedEvent) -> dict[str, Any]:
    return {
        "id": f"{log}:{event.offset}",
        "time": event.time,
        "kind": event.kind,
        "source": event.source,
        "data": event.data[:200],
    }
