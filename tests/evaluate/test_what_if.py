"""A threshold drawn on the history raises the alarms that the rule would have raised."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.blueprint import resolve
from edge_agent.clock import Moment
from edge_agent.errors import ConfigError
from edge_agent.evaluate import what_if as module
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.replay import Replay
from edge_agent.evaluate.what_if import Alarm, DraftRule, decisive, what_if
from edge_agent.events import Reading
from edge_agent.samples import Samples

SECOND = 1_000_000
MAX_AGE = 13.0
KNOWN = Known(low=-40.0, high=125.0, max_age=MAX_AGE)
CONFIG = """
node = "greenhouse"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
"""


def draft(threshold=26.0, *, above=True, **more):
    return DraftRule("warm", "air.temperature", above=above, threshold=threshold, **more)


def samples(*pairs):
    times, values = zip(*pairs, strict=True) if pairs else ((), ())
    return Samples.of_readings([time * SECOND for time in times], values)


def every_second(*values):
    return samples(*enumerate(values))


def alarms(rule, *chunks):
    found = what_if(rule, KNOWN, chunks)
    assert found.complete
    return [
        (one.since // SECOND, one.until and one.until // SECOND, one.flapping)
        for one in found.alarms
    ]


def test_a_value_above_the_threshold_is_an_alarm_until_it_is_not():
    assert alarms(draft(), every_second(25, 27, 28, 26, 25)) == [(1, 3, False)]


def test_a_value_below_the_threshold_is_an_alarm_if_below_is_drawn():
    assert alarms(draft(above=False), every_second(27, 25, 26)) == [(1, 2, False)]


def test_with_hysteresis_the_alarm_lasts_until_the_value_is_beyond_it():
    readings = every_second(25, 27, 25, 24, 23.9)
    assert alarms(draft(hysteresis=2.0), readings) == [(1, 4, False)]


def test_the_value_must_stay_for_the_hold_time_and_the_alarm_begins_at_its_end():
    readings = every_second(27, 25, 27, 27, 27, 27, 25)
    assert alarms(draft(hold=2.5), readings) == [(4, 6, False)]


def test_an_alarm_that_does_not_end_is_still_firing():
    assert alarms(draft(), every_second(25, 27)) == [(1, None, False)]


def test_a_hold_time_that_is_not_over_at_the_last_reading_is_no_alarm():
    assert alarms(draft(hold=10.0), every_second(27, 27, 27)) == []


def test_too_many_alarms_in_ten_minutes_are_one_that_flaps():
    readings = every_second(*([25, 27] * 20), 25)
    *each, last = alarms(draft(), readings)
    assert len(each) == 10
    assert last[1:] == (None, True)


def test_chunks_belong_together():
    assert alarms(draft(), every_second(25, 27), samples((2, 27), (3, 25))) == [(1, 3, False)]


def test_no_samples_are_no_alarms():
    assert alarms(draft()) == []


def test_readings_older_than_the_one_before_are_left_out():
    assert alarms(draft(), samples((5, 25), (3, 27), (6, 25))) == []
    assert alarms(draft(), samples((9, 25)), samples((3, 25), (4, 25)), samples((6, 27))) == []


def test_the_hold_time_ends_when_the_value_is_known_again_after_a_silence():
    after = samples((40, 27), (41, 27), (42, 27))
    assert alarms(draft(hold=20.0), samples((0, 27)), after) == [(40, None, False)]


def test_of_too_many_alarms_the_first_are_given(monkeypatch):
    monkeypatch.setattr(module, "MOST_ALARMS", 2)
    apart = samples(*((n * 10, 25 + 2 * (n % 2)) for n in range(8)))
    found = what_if(draft(), KNOWN, [apart])
    assert found.alarms == [
        Alarm(10 * SECOND, 20 * SECOND, flapping=False),
        Alarm(30 * SECOND, 40 * SECOND, flapping=False),
    ]
    assert not found.complete


def test_only_readings_that_make_a_difference_are_evaluated():
    week = samples(*((n, 20.0 if n % 1000 else 27.0) for n in range(50_000)))
    assert len(list(decisive(draft(), MAX_AGE, [week]))) == 101


STEPS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2, 7, 13, 14, 40]),
        st.sampled_from([None, 23.0, 24.0, 24.5, 26.0, 27.0, 27.0]),
    ),
    min_size=1,
    max_size=60,
)


@given(
    STEPS,
    st.sampled_from([1, 2, 3, 5, 100]),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from([0.0, 1.0, 2.5, 13.0, 20.0]),
)
def test_the_alarms_are_those_of_all_readings(steps, size, above, hysteresis, hold):
    time, pairs = 0, []
    for wait, value in steps:
        time += wait
        pairs.append((time, value))
    rule = draft(above=above, hysteresis=hysteresis, hold=hold)
    chunks = [samples(*pairs[at : at + size]) for at in range(0, len(pairs), size)]
    assert what_if(rule, KNOWN, chunks).alarms == every_reading(rule, pairs)


def every_reading(rule, pairs):
    """Return the alarms if the evaluator gets all readings, as it does in the agent."""
    plans = {"air": DevicePlan({}, MAX_AGE)}
    moments = [Moment(time * SECOND, time * SECOND, trusted=True) for time, _ in pairs]
    replay = Replay([rule.rule(KNOWN)], plans, {}, moments[0])
    for moment, (_, value) in zip(moments, pairs, strict=True):
        values = {} if value is None else {"temperature": value}
        replay.feed(Reading("air", moment, values))
    replay.advance(moments[-1])
    return list(module._alarms(replay.alerts))


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("threshold", [26.0, -0.0000001, -3.5, 0.1 + 0.2, 100.0])
@pytest.mark.parametrize("hold", [0.0, 0.5, 90.0, 600.0, 129_600.0, 604_800.0])
def test_the_text_of_the_rule_passes_check_and_is_the_same_rule(tmp_path, above, threshold, hold):
    rule = draft(threshold, above=above, hysteresis=1.5, hold=hold)
    config = tmp_path / "agent.toml"
    config.write_text(CONFIG + rule.toml())
    (checked,) = resolve(config).rules
    drawn = rule.rule(KNOWN)
    assert (checked.name, checked.condition) == (drawn.name, drawn.condition)


def test_a_rule_without_hysteresis_and_hold_says_neither():
    (rule,) = tomllib.loads(draft().toml())["rule"]
    assert rule == {"name": "warm", "when": "air.temperature > 26"}


def test_a_threshold_beyond_the_range_of_the_sensor_is_refused():
    with pytest.raises(ConfigError, match="125"):
        what_if(draft(130.0), KNOWN, [every_second(25)])
