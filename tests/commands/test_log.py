import csv
import io
import json
import sqlite3

import pytest

from edge_agent.clock import ManualClock
from edge_agent.events import CursorMove, Event, Reading, Subscription
from edge_agent.store.event_log import EventLog


@pytest.fixture
def log(tmp_path):
    """The arguments that lead to a log with three readings and a lifecycle note."""
    clock, path = ManualClock(), tmp_path / "events.db"
    log = EventLog.open(path, boot=clock.boot)
    values = [{"temperature": 21.5, "humidity": 40.0}, {"temperature": 21.6}, {}]
    with log.transaction():
        log.account.register([Subscription("mqtt"), Subscription("phone", frozenset({"alert"}))], 0)
        for n, one in enumerate(values):
            quality = "good" if one else "broken"
            log.append([Reading("air", clock.now(), one, quality, "" if n < 2 else "x").event()])
            clock.advance(1)
        log.append([Event("lifecycle", "agent", clock.now(), {"what": "stopping"})])
        log.account.move(CursorMove("mqtt", 3, {2: "too ugly"}))
    log.close()
    config = tmp_path / "shed.toml"
    config.write_text("")
    return ["log", "-c", config, "--set", f"log.path={path}"]


def offsets(text):
    return [json.loads(line)["offset"] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--kind", "reading"], [1, 2, 3]),
        (["--source", "agent"], [4]),
        (["--kind", "reading", "--kind", "lifecycle", "--source", "agent"], [4]),
        (["--source", "nothing"], []),
        (["--since", "2023-11-14T22:13:22Z"], [3, 4]),
        (["--until", "2023-11-14T22:13:22Z"], [1, 2]),
        (["--since", "@1700000002"], [3, 4]),
        (["--since", "2", "--until", "3"], [2, 3]),
        (["--since", "2", "--kind", "lifecycle"], [4]),
    ],
)
@pytest.mark.parametrize("command", [["tail", "--json"], ["export"]])
def test_a_stretch_kinds_and_sources_can_be_selected(edge_agent, log, command, options, found):
    assert offsets(edge_agent(*log, *command, *options).out) == found


@pytest.mark.parametrize(
    "options", [["--source", "nothing"], ["--kind", "alert"], ["--source", "air", "--since", "4"]]
)
@pytest.mark.parametrize("command", ["tail", "export"])
def test_where_no_event_matches_it_says_so_and_what_the_log_has(edge_agent, log, command, options):
    done = edge_agent(*log, command, *options)
    assert (done.code, done.out) == (0, "")
    assert "no event of the log matches; it has events of: agent, air\n" in done.err


def test_where_events_match_or_none_is_asked_for_nothing_is_said(edge_agent, log):
    assert edge_agent(*log, "tail", "--source", "agent").err == ""
    assert edge_agent(*log, "tail", "-n", "0").err == ""


def test_tail_counts_what_is_selected(edge_agent, log):
    options = ["--kind", "reading", "-n", "2"]
    assert offsets(edge_agent(*log, "tail", "--json", *options).out) == [2, 3]


def test_a_time_that_is_none_is_refused_with_what_there_is(edge_agent, log):
    done = edge_agent(*log, "tail", "--since", "yesterday")
    assert done.code == 2
    assert "--since yesterday: write an offset" in done.err


@pytest.mark.parametrize(
    ("since", "until"), [("3", "2"), ("1h", "2h"), ("2026-01-02", "2026-01-01")]
)
def test_a_stretch_that_ends_before_it_begins_is_refused(edge_agent, log, since, until):
    done = edge_agent(*log, "export", "--since", since, "--until", until)
    what = f"--since {since} is after --until {until}: swap them"
    assert (done.code, what in done.err) == (2, True)


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("number", ["1700000002", "1700000002000"])
def test_a_number_that_is_unix_time_and_no_offset_is_refused(edge_agent, log, option, number):
    done = edge_agent(*log, "tail", option, number)
    what = f"{option} {number}: the last offset of the log is 4; for Unix time write @1700000002"
    assert (done.code, what in done.err) == (2, True)


@pytest.mark.parametrize("digits", [20, 5000])
def test_an_offset_that_no_log_has_is_refused(edge_agent, log, digits):
    done = edge_agent(*log, "export", "--since", "9" * digits)
    assert (done.code, "no offset has more than 16 digits" in done.err) == (2, True)


def test_a_tail_that_follows_has_no_end(edge_agent, log):
    done = edge_agent(*log, "tail", "-f", "--until", "3")
    assert (done.code, "leave --until out" in done.err) == (2, True)


def test_tail_shows_the_last_events_one_a_line(edge_agent, log):
    lines = edge_agent(*log, "tail", "-n", "3").out.splitlines()
    assert lines == [
        "       2  2023-11-14T22:13:21.000Z  reading   air          temperature=21.6",
        "       3  2023-11-14T22:13:22.000Z  reading   air          quality=broken detail=x",
        "       4  2023-11-14T22:13:23.000Z  lifecycle agent        what=stopping",
    ]


@pytest.fixture
def aggregate(tmp_path, log):
    """The arguments that lead to a log whose last event is an aggregate, with a table inside."""
    counted = {"count": 2, "min": 21.5, "mean": 21.55, "max": 21.6}
    path, moment = tmp_path / "events.db", ManualClock().now()
    writer = EventLog.open(path, boot="manual")
    with writer.transaction():
        data = {"seconds": 60, "values": {"temperature": counted}}
        writer.append([Event("aggregate", "air", moment, data)])
    writer.close()
    return log


def test_tail_shows_an_aggregate_on_one_line(edge_agent, aggregate):
    (line,) = edge_agent(*aggregate, "tail", "-n", "1").out.splitlines()
    assert line.endswith(
        "temperature.count=2 temperature.min=21.5 temperature.mean=21.55 temperature.max=21.6"
        " seconds=60"
    )


def test_csv_has_a_row_for_each_number_of_an_aggregate(edge_agent, aggregate):
    text = edge_agent(*aggregate, "export", "--format", "csv").out
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["kind"] == "aggregate"]
    assert [(row["name"], row["value"]) for row in rows] == [
        ("temperature.count", "2"),
        ("temperature.min", "21.5"),
        ("temperature.mean", "21.55"),
        ("temperature.max", "21.6"),
        ("seconds", "60"),
    ]


def added(tmp_path, kind, data, *, trusted=True):
    """Add an event to the log."""
    writer = EventLog.open(tmp_path / "events.db", boot="manual")
    with writer.transaction():
        moment = ManualClock().now()._replace(trusted=trusted)
        writer.append([Event(kind, "fan", moment, data)])
    writer.close()


FACTS = {
    "output": ({"value": 1.0, "by": "hot", "error": "stuck"}, "value=1.0 by=hot error=stuck"),
    "alert": (
        {"state": "firing", "severity": "critical", "values": {"air.t": 31.123456789}},
        "air.t=31.123456789 state=firing severity=critical",
    ),
    "gap": (
        {"reason": "full", "count": 2, "ranges": [[1, 2]]},
        "reason=full count=2 ranges=[[1, 2]]",
    ),
    "command": (
        {"state": "done", "arguments": {"a": True, "b": None}},
        "state=done arguments.a=true arguments.b=null",
    ),
    "lifecycle": ({"what": "clock set"}, "what=clock set"),
}


@pytest.mark.parametrize("kind", FACTS)
def test_csv_has_all_that_an_event_says(edge_agent, log, tmp_path, kind):
    data, facts = FACTS[kind]
    added(tmp_path, kind, data)
    text = edge_agent(*log, "export", "--format", "csv").out
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["offset"] == "5"]
    assert " ".join(f"{row['name']}={row['value']}" for row in rows) == facts


def test_csv_marks_a_time_that_cannot_be_trusted(edge_agent, log, tmp_path):
    added(tmp_path, "output", {"value": 1.0}, trusted=False)
    text = edge_agent(*log, "export", "--format", "csv").out
    *_, before, last = csv.DictReader(io.StringIO(text))
    assert (before["boot"], before["uptime"]) == ("", "")
    assert (last["boot"], last["uptime"]) != ("", "")


@pytest.mark.parametrize("text", ["two\nlines", "\x1b[2J", "\x9b2J", "\u2028"])
@pytest.mark.parametrize(
    "arguments", [["tail"], ["tail", "--json"], ["export"], ["export", "--format", "csv"]]
)
def test_what_an_event_says_stays_on_its_line(edge_agent, log, tmp_path, text, arguments):
    added(tmp_path, "lifecycle", {"what": text})
    *_, last = edge_agent(*log, *arguments).out.splitlines()
    assert "lifecycle" in last
    assert last.isprintable()


def test_tail_speaks_json_for_scripts(edge_agent, log):
    (line,) = edge_agent(*log, "tail", "-n", "1", "--json").out.splitlines()
    assert json.loads(line) == {
        "offset": 4,
        "time": "2023-11-14T22:13:23.000Z",
        "kind": "lifecycle",
        "source": "agent",
        "data": {"what": "stopping"},
    }


def test_stats_show_an_account_that_adds_up(edge_agent, log):
    stats = json.loads(edge_agent(*log, "stats", "--json").out)
    mqtt, phone = stats["sinks"]["mqtt"], stats["sinks"]["phone"]
    assert (
        mqtt["recorded"] == 4 == mqtt["delivered"] + mqtt["waiting"] + mqtt["refused"]["too ugly"]
    )
    assert (phone["recorded"], phone["waiting"]) == (0, 0)
    text = edge_agent(*log, "stats").out
    assert "recorded              4  for mqtt" in text
    assert "delivered             2  to mqtt" in text
    assert "refused               1  by mqtt: too ugly" in text


def test_export_writes_every_event_as_json_lines(edge_agent, log):
    rows = [json.loads(line) for line in edge_agent(*log, "export").out.splitlines()]
    assert [row["offset"] for row in rows] == [1, 2, 3, 4]


def test_export_writes_one_csv_row_for_each_fact(edge_agent, log):
    rows = list(csv.DictReader(io.StringIO(edge_agent(*log, "export", "--format", "csv").out)))
    assert [(row["offset"], row["name"], row["value"]) for row in rows] == [
        ("1", "temperature", "21.5"),
        ("1", "humidity", "40.0"),
        ("2", "temperature", "21.6"),
        ("3", "quality", "broken"),
        ("3", "detail", "x"),
        ("4", "what", "stopping"),
    ]
    assert [row["quality"] for row in rows] == ["good"] * 3 + ["broken"] * 2 + [""]


def test_if_only_a_simulation_has_a_log_the_option_for_it_is_named(
    edge_agent, config, tmp_path, monkeypatch
):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    (tmp_path / "shed-simulated.db").touch()
    done = edge_agent("log", "-c", config('node = "shed"'), "stats")
    assert done.code == 4
    assert "there is no event log yet: --simulated shows that of `simulate`" in done.err


def test_if_no_simulation_has_run_that_is_the_remedy(edge_agent, config, tmp_path):
    path = f"log.path={tmp_path}/no.db"
    done = edge_agent("log", "-c", config(""), "--set", path, "stats", "--simulated")
    assert done.code == 4
    assert "there is no event log yet: run `edge-agent simulate` first" in done.err


def test_a_missing_log_is_one_clear_line(edge_agent, config, tmp_path):
    done = edge_agent("log", "-c", config(""), "--set", f"log.path={tmp_path}/no.db", "stats")
    assert (done.code, done.out) == (4, "")
    assert done.err == f"{tmp_path}/no.db: there is no event log yet: start the agent first\n"


@pytest.mark.parametrize("content", [b"not a database, but long enough to be one" * 100, None])
def test_a_file_that_is_not_an_event_log_is_refused(edge_agent, config, tmp_path, content):
    path = tmp_path / "other.db"
    if content is None:
        sqlite3.connect(path).execute("CREATE TABLE mine (a)").connection.close()
    else:
        path.write_bytes(content)
    done = edge_agent("log", "-c", config(""), "--set", f"log.path={path}", "stats")
    assert done.code == 4
    assert "not an event log" in done.err


@pytest.mark.parametrize("name", ["directory", "n" * 300])
def test_a_log_that_cannot_be_opened_names_the_user_who_can(edge_agent, config, tmp_path, name):
    (tmp_path / "directory").mkdir()
    done = edge_agent("log", "-c", config(""), "--set", f"log.path={tmp_path / name}", "stats")
    assert done.code == 4
    assert "read it as its owner" in done.err


@pytest.mark.parametrize("count", ["-5", "abc", "1.5", "", "9" * 400])
def test_a_count_that_is_none_is_refused_with_what_to_write(edge_agent, log, count):
    done = edge_agent(*log, "tail", "-n", count)
    assert (done.code, "write a whole number, 0 or more, such as 10" in done.err) == (2, True)


@pytest.mark.parametrize("rate", ["fast", "nan", "1,5"])
def test_a_rate_in_words_is_no_number(edge_agent, log, rate):
    done = edge_agent(*log, "replay", "--sink", "mqtt", "--since", "1", "--rate", rate)
    assert (done.code, f"'{rate}' is not a number." in done.err) == (2, True)
