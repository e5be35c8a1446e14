"""What the page is answered about the past."""

import csv
import io
import sys

import duckdb
import msgspec
import pytest

from edge_agent.errors import AgentError
from edge_agent.observe.web.history import parquet_file
from edge_agent.observe.web.history.columns import Points
from edge_agent.observe.web.history.source import HistoryMark, HistoryMarks, ShownChannel
from edge_agent.observe.web.history.view import HistoryView
from edge_agent.observe.web.route import BadRequest, Download, Json, Query
from edge_agent.samples import Samples, TimeSpan

SINCE, UNTIL = 1_790_000_000_000, 1_790_000_060_000  # ms
SPAN = {"since": str(SINCE), "until": str(UNTIL)}
FIRST = 1_790_000_000_123_456  # µs


class FakeHistory:
    """Has one channel with two readings, and a summary of a minute; notes what it is asked."""

    def __init__(self):
        self.asked = []

    def channels(self):
        return [ShownChannel("air.temperature", "°C")]

    def points(self, *asked):
        self.asked.append(asked)
        return Points(1_000_000, [FIRST, FIRST + 1_000_000], [20.0, None], [21.0, None])

    def samples(self, channel, span):
        self.asked.append((channel, span))
        if channel == "broken":
            raise BadRequest("choose a shorter one")
        yield Samples([FIRST - 60_000_000], [19.5], [19.0], [20.0], 60)
        yield Samples.of_readings([FIRST, FIRST + 1], [20.0, None])

    def marks(self, span):
        self.asked.append(span)
        return HistoryMarks([HistoryMark(FIRST, "alert", "warm", "firing", "hot")], complete=True)


@pytest.fixture
def source():
    return FakeHistory()


@pytest.fixture
def ask(source):
    routes = {route.path: route.answer for route in HistoryView(source).routes()}

    def ask(path, **arguments):
        answer = routes[f"api/{path}"](Query(arguments))
        if isinstance(answer, Download):
            return b"".join(answer.chunks)
        assert isinstance(answer, Json)
        return msgspec.json.decode(msgspec.json.encode(answer.value))

    return ask


def test_channels_are_given_with_their_names_and_units(ask):
    (channel,) = ask("channels")
    assert (channel["name"], channel["unit"]) == ("air.temperature", "°C")


def test_points_have_their_times_in_milliseconds(ask, source):
    assert ask("history", channel="air.temperature", width="500", **SPAN) == {
        "step": 1000,
        "times": [FIRST // 1000, FIRST // 1000 + 1000],
        "lows": [20.0, None],
        "highs": [21.0, None],
    }
    assert source.asked == [("air.temperature", TimeSpan(SINCE * 1000, UNTIL * 1000), 500)]


def test_marks_have_their_times_in_milliseconds(ask):
    mark = {
        "time": FIRST // 1000,
        "kind": "alert",
        "name": "warm",
        "state": "firing",
        "text": "hot",
    }
    assert ask("marks", **SPAN) == {"marks": [mark], "complete": True}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"until": str(SINCE)}, "since is not before until"),
        ({"since": "yesterday"}, "since is not a whole number"),
        ({"width": "0"}, "width is not a whole number from 1 to 4000"),
        ({"width": "5000"}, "width is not a whole number from 1 to 4000"),
        ({"until": "9999999999999"}, "until is not a whole number"),
    ],
)
def test_a_wrong_span_or_width_is_refused(ask, source, wrong, text):
    with pytest.raises(BadRequest, match=text):
        ask("history", **{"channel": "air.temperature", **SPAN, **wrong})
    assert source.asked == []


def test_a_csv_file_has_every_sample_and_says_which_are_summaries(ask):
    text = ask("export", channel="air.temperature,air.humidity", **SPAN).decode()
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["time", "channel", "value", "min", "max", "seconds"]
    assert [row[1] for row in rows] == ["air.temperature"] * 3 + ["air.humidity"] * 3
    assert [row[:1] + row[2:] for row in rows[:3]] == [
        ["2026-09-21T14:12:20.123456+00:00", "19.5", "19.0", "20.0", "60"],
        ["2026-09-21T14:13:20.123456+00:00", "20.0", "20.0", "20.0", "0"],
        ["2026-09-21T14:13:20.123457+00:00", "", "", "", "0"],
    ]


def test_a_name_that_csv_must_quote_is_quoted(ask):
    text = ask("export", channel='a"b', **SPAN).decode()
    assert [row[1] for row in csv.reader(io.StringIO(text))][1] == 'a"b'


def test_what_is_wrong_with_a_file_is_said_before_it_begins(source):
    routes = {route.path: route.answer for route in HistoryView(source).routes()}
    with pytest.raises(BadRequest, match="choose a shorter one"):
        routes["api/export"](Query({"channel": "air.temperature,broken", **SPAN}))


def test_a_parquet_file_has_the_same_rows(ask, tmp_path):
    file = tmp_path / "history.parquet"
    file.write_bytes(ask("export", channel="air.temperature", format="parquet", **SPAN))
    rows = duckdb.sql(
        f"SELECT epoch_us(time), channel, value, min, max, seconds FROM '{file}' ORDER BY time"
    ).fetchall()
    assert rows == [
        (FIRST - 60_000_000, "air.temperature", 19.5, 19.0, 20.0, 60),
        (FIRST, "air.temperature", 20.0, 20.0, 20.0, 0),
        (FIRST + 1, "air.temperature", None, None, None, 0),
    ]


def test_without_duckdb_a_parquet_file_is_refused_with_the_extra_that_it_needs(ask, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(AgentError, match=r"pip install 'edge-agent\[consumers\]'"):
        ask("export", channel="air.temperature", format="parquet", **SPAN)


def test_a_parquet_file_that_would_be_too_large_is_refused(ask, monkeypatch):
    monkeypatch.setattr(parquet_file, "LARGEST", 100)
    with pytest.raises(BadRequest, match="choose a shorter span, or CSV"):
        ask("export", channel="air.temperature", format="parquet", **SPAN)


def test_another_format_is_refused(ask):
    with pytest.raises(BadRequest, match="it can be csv or parquet"):
        ask("export", channel="air.temperature", format="xlsx", **SPAN)


def test_a_file_of_too_many_channels_is_refused(ask):
    with pytest.raises(BadRequest, match="more than 20 channels"):
        ask("export", channel=",".join("abcdefghijklmnopqrstu"), **SPAN)
