"""What the page is answered if a threshold is drawn."""

import tomllib

import pytest

from edge_agent.observe.web.history.source import ShownChannel
from edge_agent.observe.web.route import BadRequest, Query
from edge_agent.observe.web.what_if import WhatIfView
from edge_agent.samples import Samples

SINCE = 1_790_000_000_000  # ms
RULE = {"name": "warm", "channel": "air.temperature", "above": True, "threshold": 26}


class WarmHour:
    """One channel that is warm from the second minute to the fourth, at a reading a minute."""

    def __init__(self, seconds=0):
        self._seconds = seconds

    def channels(self):
        return [
            ShownChannel("air.temperature", "°C", max_age=190.0, low=-40, high=125),
            ShownChannel("door.active", quantity="binary"),
        ]

    def samples(self, channel, span):
        times = range(span.since, span.until, 60_000_000)
        values = [27.0 if 2 <= n < 4 else 20.0 for n in range(len(times))]
        yield Samples(times, values, values, values, self._seconds)


def ask(body, source=None):
    (route,) = WhatIfView(source or WarmHour()).routes()
    return route.answer(Query(body=body)).value


def asked(**more):
    return {"rule": {**RULE, **more}, "since": SINCE, "until": SINCE + 3_600_000}


def test_alarms_come_with_their_times_in_milliseconds_and_the_text_of_the_rule():
    answer = ask(asked())
    assert answer["alarms"] == [
        {"since": SINCE + 120_000, "until": SINCE + 240_000, "flapping": False}
    ]
    assert (answer["complete"], answer["samples"], answer["summaries"]) == (True, 60, 0)
    (rule,) = tomllib.loads(answer["rule"])["rule"]
    assert rule == {"name": "warm", "when": "air.temperature > 26"}


def test_summaries_among_the_samples_are_counted():
    assert ask(asked(), WarmHour(seconds=60))["summaries"] == 60


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, "^expected a table, got nothing$"),
        ({"since": 0, "until": 1}, "^rule: missing$"),
        ({"rule": {}, "since": 0, "until": 1}, r"^rule\.\w+: missing$"),
        (asked(name='x"]'), "rule.name"),
        (asked(hold=-1), r"^rule\.hold: expected a (whole )?number >= 0"),
        (asked(threshold=1e300), "rule.threshold"),
        (asked(channel="air.pressure"), "there is no channel 'air.pressure'"),
        (asked(channel="air.temperature > 1 or air.temperature"), "there is no channel"),
        (asked(threshold=200), "125"),
        (asked(channel="door.active"), "door.active"),
        (asked() | {"until": -1}, "until"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_with_its_reason(body, text):
    with pytest.raises(BadRequest, match=text):
        ask(body)
