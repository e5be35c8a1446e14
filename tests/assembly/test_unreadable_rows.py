"""A row of the log that does not decode is skipped, counted and named, whoever reads it."""

import json
import logging
import sqlite3

import pytest

from edge_agent.assembly.restore import last_alerts, read_history
from edge_agent.assembly.topics import Topics
from edge_agent.clock import ManualClock
from edge_agent.commands.export import FORMATS, as_dict, as_line
from edge_agent.commands.rules import replayed
from edge_agent.evaluate.commands.outcomes import KnownAnswers
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.evaluate.saved_state import load_states
from edge_agent.events import Event, LoggedEvent, Reading
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from edge_agent.store.soundness import is_damage
from edge_agent.store.thinning import thin

NOT_OURS = {
    "no JSON": "{",
    "no object": "[]",
    "empty": "{}",
    "without quality": '{"values":{"temperature":20}}',
    "values that are a list": '{"values":[1],"quality":"good","seconds":60,"state":"firing"}',
    "a value that is a text": '{"values":{"temperature":"warm"},"quality":"good","seconds":60}',
    "a value out of range": f'{{"values":{{"temperature":1{"0" * 400}}},"quality":"good"}}',
    "deep": f'{{"values":{"[" * 900}{"]" * 900}}}',
}
CLOCK = ManualClock()
NOW = CLOCK.now()


class Rows(LogReader):
    """A reader of these rows only."""

    def __init__(self, rows):
        self._rows = rows

    def latest_alerts(self):
        return {row.source: row for row in self._rows if row.kind == "alert"}

    def read_before(self, offset, _limit):
        return [row for row in reversed(self._rows) if row.offset <= offset]

    def last_offset(self):
        return self._rows[-1].offset

    def boot_number(self, _boot):
        return None


def row(offset, kind, data, source="air"):
    return LoggedEvent(offset, NOW.time, None, None, kind, source, data)


def reading(offset, value):
    data = json.dumps({"values": {"temperature": value}, "quality": "good"})
    return row(offset, "reading", data)


def read_at_start(bad):
    rows = [reading(1, 20.0), row(2, "reading", bad), row(3, "aggregate", bad), reading(4, 21.0)]
    found = read_history(Rows(rows), CLOCK.boot, NOW, 3600)
    return {offset for offset, _ in found.readings} == {1, 4}


def alerts_at_start(bad):
    good = '{"state":"firing","severity":"warning","message":"","values":{}}'
    rows = [row(1, "alert", bad, "bad"), row(2, "alert", good, "good")]
    return list(last_alerts(Rows(rows))) == ["good"]


def replay(bad):
    rows = [row(1, "reading", bad), row(2, "alert", bad)]
    return replayed(None, iter(rows)) == []


@pytest.mark.parametrize("reads", [read_at_start, alerts_at_start, replay])
@pytest.mark.parametrize("bad", NOT_OURS.values(), ids=NOT_OURS)
def test_a_row_that_does_not_decode_is_skipped_and_named_in_one_line(reads, bad, caplog):
    with caplog.at_level(logging.WARNING):
        assert reads(bad)
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("rows of the event log cannot be read, and are skipped: ")
    assert "the first has offset " in line


@pytest.mark.parametrize("bad", NOT_OURS.values(), ids=NOT_OURS)
def test_a_saved_state_that_does_not_decode_is_ignored_and_named_in_one_line(bad, caplog):
    saved = {"rule/r": bad.encode()}
    assert load_states(saved, "rule/", RuleState, NOW, "boot") == {}
    KnownAnswers({"command/1": bad.encode()})
    if bad != "[]":
        assert Topics(bad.encode())._known == []
    assert all("cannot be read" in record.getMessage() for record in caplog.records)
    assert len(caplog.records) == 2 + (bad != "[]")


@pytest.mark.parametrize("topic", ["state/#", "state/a/b", "../status", "status", "state/\u0000"])
def test_a_saved_topic_that_the_agent_never_had_is_not_cleared(topic, caplog):
    assert Topics(json.dumps([topic]).encode())._known == []
    assert "the saved topics cannot be read" in caplog.text


@pytest.mark.parametrize("bad", NOT_OURS.values(), ids=NOT_OURS)
def test_thinning_leaves_a_reading_that_does_not_decode_as_it_is(bad):
    assert thin([row(1, "reading", bad)], 0, more=True).thinned in ([], [row(1, "reading", bad)])


@pytest.mark.parametrize("bad", NOT_OURS.values(), ids=NOT_OURS)
@pytest.mark.parametrize("shown", [as_line, lambda event: json.dumps(as_dict(event))])
def test_the_command_line_shows_a_row_that_does_not_decode(shown, bad):
    assert shown(row(17, "reading", bad)).strip()


@pytest.mark.parametrize("bad", NOT_OURS.values(), ids=NOT_OURS)
@pytest.mark.parametrize("form", FORMATS)
def test_an_export_contains_a_row_that_does_not_decode(form, bad, tmp_path):
    with (tmp_path / "out").open("w") as output:
        FORMATS[form]([row(17, "reading", bad)], output)
    assert "17" in (tmp_path / "out").read_text()


@pytest.mark.parametrize(
    "sql", ["SELECT CAST(x'FF' AS TEXT)", "SELECT json('{')"], ids=["no UTF-8", "no JSON"]
)
def test_a_text_that_was_never_written_is_damage(sql):
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.Error) as caught:
        connection.execute(sql).fetchall()
    connection.close()
    assert is_damage(caught.value)


def test_a_reading_still_has_the_form_that_a_start_reads():
    event = Reading("air", NOW, {"temperature": 20.0}).event()
    found = read_history(Rows([row(1, "reading", json.dumps(event.data))]), CLOCK.boot, NOW, 60)
    assert [one.values for _, one in found.readings] == [{"temperature": 20.0}]


def test_a_thinned_aggregate_with_a_text_for_a_value_is_no_damage(tmp_path):
    data = {"seconds": 60, "values": {"volume": "much"}, "thinned": True}
    log = EventLog.open(tmp_path / "log.db", boot=CLOCK.boot)
    with log.transaction():
        log.append([Event("aggregate", "meter", NOW, data)])
    log.close()
    reader = LogReader(tmp_path / "log.db")
    assert reader.latest_values("meter") == {}
    reader.close()
