"""What the page asks about the past: channels, points of a chart, marks, and files."""

from collections.abc import Iterator

from edge_agent.observe.web.history.columns import Points
from edge_agent.observe.web.history.csv_file import csv_lines
from edge_agent.observe.web.history.parquet_file import parquet_bytes
from edge_agent.observe.web.history.source import HistorySource
from edge_agent.observe.web.route import BadRequest, Download, Json, Query, Route
from edge_agent.samples import TimeSpan

MILLISECOND = 1000  # µs: the page counts time in ms
LATEST = 4_102_444_800_000  # ms: the year 2100
WIDEST = 4000  # columns
MOST_CHANNELS = 20  # in one file


class HistoryView:
    """Answers from a log or a store."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source

    def routes(self) -> Iterator[Route]:
        """Yield what the view answers."""
        yield Route("GET", "api/channels", self._channels)
        yield Route("GET", "api/history", self._history)
        yield Route("GET", "api/marks", self._marks)
        yield Route("GET", "api/export", self._export)

    def _channels(self, _query: Query) -> Json:
        return Json([one._asdict() for one in self._source.channels()])

    def _history(self, query: Query) -> Json:
        width = query.whole("width", 1, WIDEST, 1000)
        return Json(shown(self._source.points(query.text("channel"), span_of(query), width)))

    def _marks(self, query: Query) -> Json:
        found = self._source.marks(span_of(query))
        marks = [one._asdict() | {"time": one.time // MILLISECOND} for one in found.marks]
        return Json({"marks": marks, "complete": found.complete})

    def _export(self, query: Query) -> Download:
        span, channels = span_of(query), query.text("channel").split(",")
        if len(channels) > MOST_CHANNELS:
            raise BadRequest(f"more than {MOST_CHANNELS} channels: choose fewer for one file")
        lines = csv_lines(self._source, channels, span)
        if (kind := query.text("format", "csv")) == "csv":
            return Download("history.csv", "text/csv; charset=utf-8", lines)
        if kind == "parquet":
            return Download(
                "history.parquet", "application/vnd.apache.parquet", parquet_bytes(lines)
            )
        raise BadRequest(f"format is {kind[:40]!r}; it can be csv or parquet")


def span_of(query: Query) -> TimeSpan:
    """Return the span that a request asks for, in ms; raise BadRequest if it is none."""
    since, until = (query.whole(name, 0, LATEST) for name in ("since", "until"))
    if since >= until:
        raise BadRequest("since is not before until")
    return TimeSpan(since * MILLISECOND, until * MILLISECOND)


def shown(points: Points) -> dict[str, object]:
    """Return points as the page takes them: times in ms."""
    times = [time // MILLISECOND for time in points.times]
    return points._asdict() | {"step": points.step // MILLISECOND, "times": times}
