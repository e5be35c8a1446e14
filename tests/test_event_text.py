"""Events in words: the same of an alert and an output wherever they are shown."""

import json

import pytest

from edge_agent.clock import Moment
from edge_agent.commands.export import as_line
from edge_agent.event_text import alert_text, output_state, output_text
from edge_agent.events import Alert, LoggedEvent, Reading, Switched
from edge_agent.terminal.display import Lines

MOMENT = Moment(1_700_000_000_000_000, 1, trusted=True)
HOSTILE = "hot\x1b[2J\nrule x firing"


def logged(news):
    event = news.event()
    text = json.dumps(event.data)
    return LoggedEvent(1, MOMENT.time, None, None, event.kind, event.source, text)


@pytest.mark.parametrize(
    "news",
    [
        Alert("x", "firing", MOMENT, "warning", {}, message=HOSTILE),
        Switched("x", 1.0, "rule", MOMENT, error=HOSTILE),
        Reading("x", MOMENT, {}, "no_acknowledge", detail=HOSTILE),
    ],
)
def test_no_text_of_an_event_moves_the_cursor_or_begins_a_line(capsys, news):
    Lines({}).take(news)
    for shown in (capsys.readouterr().out.removesuffix("\n"), as_line(logged(news))):
        assert shown.isprintable()
        assert "hot" in shown


@pytest.mark.parametrize(
    ("value", "error", "state"),
    [(0, "", "off"), (1.0, "", "on"), (0.25, "", "0.25"), (1, "no answer", "failed")],
)
def test_an_output_is_on_off_between_or_failed(value, error, state):
    assert output_state(value, error) == state


def test_what_an_alert_and_an_output_say():
    assert alert_text(Alert("x", "firing", MOMENT, "info", {})) == "firing (info)"
    assert output_text(Switched("fan", 1.0, "warm", MOMENT)) == "on by warm"
