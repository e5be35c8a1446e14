import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.rules.alert_text import parse_alert_text
from edge_agent.evaluate.rules.alerts import next_due, orphaned, step
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.events import Alert


@pytest.fixture(scope="session")
def life(moment):
    """A function: the alerts that air.t's values give, as (second, state), and the last state."""

    def live(rule, samples, state=None):
        state, alerts = state or RuleState(), []
        for seconds, value in samples:
            values = {} if value is None else {"air.t": value}
            result = step(rule, state, Context(values, moment(seconds)))
            state, alert = result.after, result.alert
            if alert:
                alerts.append((seconds, alert.state))
        return alerts, state

    return live


def each_second(*values):
    return list(enumerate(values))


def test_an_alert_keeps_firing_for_a_while_after_its_condition_clears(rule, life):
    samples = each_second(31, 20, 31, 20, 20, 20, 20)
    assert life(rule(keep=2), samples)[0] == [(0, "firing"), (5, "resolved")]


def test_an_unknown_condition_meanwhile_neither_restarts_nor_extends_what_it_keeps(rule, life):
    samples = each_second(31, 20, None, 20, 20, 20)
    assert life(rule(keep=2), samples)[0] == [(0, "firing"), (3, "resolved")]


def test_a_firing_alert_is_repeated_until_it_is_acknowledged(rule, life, moment):
    repeating = rule(repeat=10)
    alerts, state = life(repeating, [(n, 31) for n in range(0, 25, 5)])
    assert alerts == [(0, "firing"), (10, "firing"), (20, "firing")]
    assert state.repeats == 2
    assert next_due(repeating, state) == 30_000_000
    known = msgspec.structs.replace(state, acknowledged=True)
    assert next_due(repeating, known) is None
    assert life(repeating, [(40, 31), (60, 20)], known)[0] == [(60, "resolved")]


@pytest.mark.parametrize("state, given", [("pending", {"hold": 5}), ("flapping", {"storm": 1})])
def test_what_was_acknowledged_is_no_part_of_the_next_alert(rule, moment, state, given):
    disabled_meanwhile = RuleState(acknowledged=True, repeats=3, firings=(-1,))
    alert = step(rule(**given), disabled_meanwhile, Context({"air.t": 31}, moment(0))).alert
    assert (alert.state, alert.acknowledged, alert.repeat) == (state, False, 0)


def test_a_silenced_alert_is_reported_as_silenced_and_not_repeated(rule, moment):
    quiet = RuleState(silenced_until=100_000_000)
    first = step(rule(repeat=10), quiet, Context({"air.t": 31}, moment(0)))
    state, alert = first.after, first.alert
    assert alert.silenced
    assert step(rule(repeat=10), state, Context({"air.t": 31}, moment(50))).alert is None
    assert not step(rule(repeat=10), state, Context({"air.t": 31}, moment(100))).alert.silenced


def test_a_flapping_rule_is_reported_once_as_such_and_then_with_its_state(rule, life):
    flapping = rule(storm=3)
    wild = [(n, 31 if n % 2 else 20) for n in range(60)]
    calm = [(n, 20) for n in range(60, 1000, 10)]
    alerts, state = life(flapping, [*wild, *calm])
    reported = [state for _, state in alerts]
    assert reported == ["firing", "resolved"] * 3 + ["flapping", "resolved"]
    assert not state.flapping


def test_a_flapping_rule_is_calm_again_by_time_alone(rule, life):
    flapping = rule(storm=3)
    _, state = life(flapping, [(n, 31 if n % 2 else 20) for n in range(60)])
    due = next_due(flapping, state)
    assert life(flapping, [(due / 1e6, 20)], state)[0] == [(due / 1e6, "resolved")]


def test_a_saved_flapping_rule_whose_storm_is_higher_now_is_calm_at_once(rule, moment):
    state = RuleState(flapping=True, firings=(1, 2, 3), reported_at=3)
    raised = rule(storm=20)
    assert next_due(raised, state) == 3
    assert step(raised, state, Context({"air.t": 20}, moment(1))).alert.state == "resolved"


def test_a_disabled_rule_is_never_due(rule):
    state = RuleState(flapping=True, firings=(1, 2, 3), enabled=False)
    assert next_due(rule(storm=2), state) is None


def test_the_outputs_follow_a_flapping_rule(rule, life):
    flapping = rule(storm=1, settings={"fan": 1.0})
    for value, acts in ((31, True), (20, False)):
        samples = [(n, 31 if n % 2 else 20) for n in range(40)]
        assert life(flapping, [*samples, (40, value)])[1].acts is acts


FIRING, PENDING = RuleState("firing"), RuleState("pending")


def last(state, moment, severity="critical"):
    return Alert("gone", state, moment(0), severity, {"air.t": 31})


@pytest.mark.parametrize("state", ["firing", "flapping"])
def test_the_open_alert_of_a_removed_rule_is_resolved_with_its_severity(state, moment):
    found = orphaned({"gone": last(state, moment)}, {}, {"hot"}, moment(9))
    assert found == [Alert("gone", "resolved", moment(9), "critical", {})]


@pytest.mark.parametrize("state", ["resolved", "pending", "inactive"])
def test_another_alert_of_a_removed_rule_is_left_alone(state, moment):
    assert orphaned({"gone": last(state, moment)}, {"gone": PENDING}, {"hot"}, moment(9)) == []


@pytest.mark.parametrize("state", [FIRING, RuleState(flapping=True)])
def test_a_saved_state_is_enough_to_resolve_a_removed_rule(state, moment):
    found = orphaned({}, {"gone": state}, {"hot"}, moment(9))
    assert found == [Alert("gone", "resolved", moment(9), "warning", {})]


def test_a_silenced_rule_that_is_removed_is_resolved_in_silence(moment):
    quiet = RuleState("firing", silenced_until=10_000_000)
    assert [orphaned({}, {"gone": quiet}, (), moment(at))[0].silenced for at in (9, 10)] == [
        True,
        False,
    ]


def test_no_alert_of_a_rule_in_the_configuration_is_resolved(moment):
    states = {"gone": FIRING}
    assert orphaned({"gone": last("firing", moment)}, states, {"gone"}, moment(9)) == []


def test_a_disabled_rule_raises_no_alert(rule, life):
    assert life(rule(), each_second(31, 31), RuleState(enabled=False))[0] == []


def test_a_message_has_the_values_of_its_moment(rule, moment):
    message = parse_alert_text("{air.t:.1f} °C at {air.h}", {"air.t", "air.h"})
    alert = step(rule(message=message), RuleState(), Context({"air.t": 31.25}, moment(0))).alert
    assert alert.message == "31.2 °C at ?"


VALUES = st.lists(st.sampled_from([None, 10, 24, 26, 28, 29.9, 30.1, 40]), max_size=40)
RULES = st.fixed_dictionaries(
    {"hold": st.integers(0, 3), "keep": st.integers(0, 3), "repeat": st.sampled_from([0, 4])}
)


@given(VALUES, RULES)
def test_a_rule_never_fires_on_missing_data(rule, life, values, given_rule):
    alerts, _ = life(rule(**given_rule), each_second(*[v and None for v in values]))
    assert alerts == []


@given(st.lists(st.floats(25.01, 30), max_size=40), RULES)
def test_hysteresis_never_chatters_inside_its_band(rule, life, values, given_rule):
    hot = rule("air.t > 30", "air.t < 25", storm=100, **{**given_rule, "repeat": 0})
    alerts, _ = life(hot, each_second(31, 31, 31, 31, *values))
    assert [state for _, state in alerts if state != "pending"] == ["firing"]


@given(st.lists(st.floats(0.01, 5), min_size=1, max_size=30), st.integers(1, 10))
def test_a_hold_counts_measured_time_and_not_samples(rule, life, pauses, hold):
    times = [sum(pauses[:n]) for n in range(len(pauses) + 1)]
    alerts, _ = life(rule(hold=hold), [(at, 31) for at in times])
    fired = [at for at, state in alerts if state == "firing"]
    late = [at for at in times if round(at * 1e6) >= hold * 1_000_000]
    assert fired == late[:1]
