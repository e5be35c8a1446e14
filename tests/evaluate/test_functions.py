from datetime import UTC, datetime

import pytest

from edge_agent.clock import Moment
from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Known, Span
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.expressions.windows import Window

S = 1_000_000
KNOWN = {
    "air.temperature": Known("numeric", -40, 85, "°C", every=2, max_age=16),
    "air.humidity": Known("numeric", 0, 100, "%"),
    "tank.distance": Known("numeric", 0, 10, "m"),
    "door.open": Known("binary"),
    "fan": Known("binary", 0, 1),
    "warm": Known("numeric", 20, 30, key="hot:warm"),
}


def problems(text):
    with pytest.raises(ConfigError) as refused:
        parse(text, KNOWN)
    return refused.value.problems


def when(text, *, trusted=True):
    """A moment of local time, in UTC."""
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return Context({}, Moment(round(time.timestamp() * S), 0, trusted))


@pytest.mark.parametrize(
    "text, values, truth",
    [
        ("air.temperature > 26 °C", {"air.temperature": 27}, True),
        ("air.temperature > -5°C", {"air.temperature": -6}, False),
        ("air.humidity >= 60 %", {"air.humidity": 60}, True),
        ("tank.distance < 5m", {"tank.distance": 4}, True),  # metres
        ("-5m + tank.distance < 1", {"tank.distance": 5.5}, True),
        ("fan and air.temperature < 20", {"fan": 1, "air.temperature": 10}, True),
        ("not fan", {"fan": 0}, True),
        ("not fan", {}, None),
        ("air.temperature > warm", {"hot:warm": 25, "air.temperature": 26}, True),
    ],
)
def test_quantities_outputs_and_thresholds(text, values, truth):
    assert parse(text, KNOWN)(Context(values)) is truth


@pytest.mark.parametrize(
    "text, words",
    [
        ("air.temperature > 60 %", "mixes units: air.temperature is in °C, 60 % is in %"),
        ("air.temperature > air.humidity", "mixes units"),
        ("air.temperature > 5m", "mixes units"),
        ("age(air.temperature) > 5 °C", "mixes units"),
        (
            "mean(air.temperature, 3s) > 5",
            "must be 4s to 40000s for a channel that is measured every 2 s",
        ),
        (
            "mean(air.temperature, 2d) > 5",
            "must be 4s to 40000s for a channel that is measured every 2 s",
        ),
        ("mean(air.temperature, 5 °C) > 5", "is not a length of time"),
        ("mean(air.temperature) > 5", "has wrong arguments; expected mean(device.channel, 10m)"),
        ("mean(air.temprature, 5m) > 5", "did you mean 'air.temperature'?"),
        ("mean(fan, 5m) > 5", "is not a channel"),
        ("mean(door.open, 5m) > 0.5", "needs a numeric channel; for an on/off channel use count"),
        ("rate(air.temperature, 5m, day) > 1", "is not one of second, minute, hour"),
        ("eval(air.temperature) > 5", "is not a function; the functions are mean"),
        ("max(air.temperature, 5m) > 90", "stays within -40 to 85"),
        ("age(air.temperature) < 0", "is always false"),
        ("time > 25:00", "is not understood"),
        ("time > 5 °C", "mixes units"),
        ("weekday == 22:00", "mixes units"),
        ("time == 22:00", "holds for a second; write a span, such as 22:00 <= time < 22:01"),
        ("time != 22:00", "holds for a second"),
        ("22:00 == time", "holds for a second"),
        ("22:00 <= time <= 22:00", "holds for a second"),
        ("22:00 <= time < 22:00", "is always false, whatever time is"),
        ("time >= 22:00 and time < 6:00", "write 22:00 <= time < 6:00"),
        ("weekday == monday and weekday == friday", "is always false, whatever weekday is"),
        ("weekday > friday and weekday < tuesday", "is always false, whatever weekday is"),
        ("time < 22:00 or time >= 6:00", "is always true, whatever time is; use `and`"),
        ("warm > 31", "is always false"),
    ],
)
def test_an_expression_that_makes_no_sense_is_refused(text, words):
    assert words in "\n".join(problems(text))


@pytest.mark.parametrize(
    "text, at, truth",
    [
        ("time >= 22:00 or time < 6:30", "2026-01-31T23:00", True),
        ("time >= 22:00 or time < 6:30", "2026-01-31T06:29", True),
        ("time >= 22:00 or time < 6:30", "2026-01-31T06:30", False),
        ("22:00 <= time < 6:30", "2026-01-31T23:00", True),
        ("22:00 <= time < 6:30", "2026-01-31T06:29", True),
        ("22:00 <= time < 6:30", "2026-01-31T06:30", False),
        ("22:00 <= time < 0:00", "2026-01-31T23:59", True),
        ("22:00 <= time < 0:00", "2026-01-31T00:00", False),
        ("6:30 > time >= 22:00", "2026-01-31T23:00", True),
        ("6:30 > time >= 22:00", "2026-01-31T12:00", False),
        ("not 22:00 <= time < 6:30", "2026-01-31T12:00", True),
        ("saturday <= weekday <= monday", "2026-02-01T00:00", True),
        ("saturday <= weekday <= monday", "2026-02-03T00:00", False),
        ("sunday >= weekday > friday", "2026-01-31T00:00", True),
        ("weekday == saturday", "2026-01-31T00:00", True),
        ("monday <= weekday <= friday", "2026-01-31T00:00", False),
    ],
)
def test_time_and_weekday_are_local(text, at, truth):
    assert parse(text, KNOWN, UTC)(when(at)) is truth


def test_while_the_clock_is_not_set_the_time_is_unknown():
    assert parse("time >= 6:00", KNOWN, UTC)(when("2026-01-31T07:00", trusted=False)) is None


def seen(values, at, window=None):
    windows = {("air.temperature", 60.0): window} if window else {}
    return Context(values, Moment(0, at * S, trusted=True), windows, {"air.temperature": 50 * S}, 0)


def test_age_and_stale_know_what_is_missing():
    old, gone = parse("age(air.temperature) > 5m", KNOWN), parse("stale(air.temperature)", KNOWN)
    assert old(seen({}, 340)) is False
    assert old(seen({}, 351)) is True
    assert gone(seen({"air.temperature": 20}, 60)) is False
    assert gone(seen({}, 66)) is True
    assert gone(Context({}, Moment(0, 15 * S, trusted=True))) is None
    assert gone(Context({}, Moment(0, 16 * S, trusted=True))) is True


def test_a_window_is_unknown_while_its_channel_is():
    window = Window(60, 16)
    for second in range(0, 102, 2):
        window.add(second * S, second)
    mean = parse("mean(air.temperature, 1m) > 5", KNOWN)
    assert mean.spans == {Span("air.temperature", 60, 16)}
    assert mean(seen({"air.temperature": 100}, 100, window)) is True
    assert mean(seen({}, 100, window)) is None


@pytest.mark.parametrize("per, low", [("", 0.9), (", minute", 59), (", hour", 3590)])
def test_a_rate_is_per_second_minute_or_hour(per, low):
    window = Window(60, 16)
    for second in range(0, 102, 2):
        window.add(second * S, second)
    text = f"{low} < rate(air.temperature, 1m{per}) < {low * 1.2}"
    assert parse(text, KNOWN)(seen({"air.temperature": 100}, 100, window)) is True
