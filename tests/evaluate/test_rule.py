import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.rules.alerts import step, step_unknown
from edge_agent.evaluate.rules.rule_state import RuleState, restored
from edge_agent.evaluate.rules.transitions import due

MISSING = None


@pytest.fixture(scope="session")
def life(moment):
    """A function: the alerts that air.t's values give, as (uptime in seconds, state)."""

    def live(rule, samples, state=None):
        state, alerts = state or RuleState(), []
        for seconds, value in samples:
            values = {} if value is MISSING else {"air.t": value}
            result = step(rule, state, Context(values, moment(seconds)))
            state, alert = result.after, result.alert
            if alert:
                alerts.append((seconds, alert.state))
        return alerts

    return live


def each_second(*values):
    return list(enumerate(values))


def test_a_rule_without_a_hold_fires_at_once_and_resolves(rule, life):
    alerts = life(rule(), each_second(20, 31, 32, 30, 20))
    assert alerts == [(1, "firing"), (3, "resolved")]


def test_between_when_and_clear_nothing_changes(rule, life):
    hot = rule("air.t > 30", "air.t < 25")
    alerts = life(hot, each_second(28, 31, 28, 31, 25, 24, 28, 31))
    assert alerts == [(1, "firing"), (5, "resolved"), (7, "firing")]


def test_if_when_and_clear_overlap_when_decides(rule, life):
    hot = rule("air.t > 30", "air.t < 35")
    assert life(hot, each_second(32, 32, 32, 29)) == [(0, "firing"), (3, "resolved")]


def test_a_hold_makes_a_rule_pending_first(rule, life):
    alerts = life(rule(hold=3), each_second(31, 31, 31, 31, 31, 20))
    assert alerts == [(0, "pending"), (3, "firing"), (5, "resolved")]


def test_a_hold_that_is_interrupted_starts_again(rule, life):
    alerts = life(rule(hold=2), each_second(31, 31, 20, 31, 31, 31))
    assert alerts == [(0, "pending"), (2, "inactive"), (3, "pending"), (5, "firing")]


def test_an_unknown_neither_restarts_nor_extends_a_hold(rule, life):
    alerts = life(rule(hold=4), each_second(31, MISSING, 31, MISSING, 31))
    assert alerts == [(0, "pending"), (4, "firing")]


def test_an_unknown_does_not_complete_a_hold(rule, life):
    alerts = life(rule(hold=2), each_second(31, 31, MISSING, MISSING, 31))
    assert alerts == [(0, "pending"), (4, "firing")]


def test_a_hold_ends_with_a_condition_that_no_longer_holds_after_an_unknown(rule, life):
    alerts = life(rule(hold=2), each_second(31, MISSING, 20, 31))
    assert alerts == [(0, "pending"), (2, "inactive"), (3, "pending")]


@pytest.mark.parametrize("missing_at", [5, 6, 7])
def test_an_end_once_seen_stays_seen_over_an_unknown(rule, life, missing_at):
    samples = [(4, 31), *((n, MISSING if n == missing_at else 20) for n in range(5, 20))]
    assert life(rule(keep=5), samples) == [(4, "firing"), (10, "resolved")]


def test_an_end_during_an_unknown_counts_from_its_beginning(rule, life):
    samples = [(0, 31), (1, MISSING), (60, 20)]
    assert life(rule(keep=30), samples) == [(0, "firing"), (60, "resolved")]
    samples = [(0, 31), (1, MISSING), (2, 20), (30, 20), (31, 20)]
    assert life(rule(keep=30), samples) == [(0, "firing"), (31, "resolved")]


def test_a_time_that_runs_ends_although_the_condition_is_unknown_by_then(rule, life):
    samples = [(0, 31), (1, 20), (2, MISSING), (11, MISSING)]
    assert life(rule(keep=10), samples) == [(0, "firing"), (11, "resolved")]


def test_while_when_holds_an_unknown_clear_changes_nothing(rule, moment):
    lit, state = rule("door.active", "air.t > 60"), RuleState()
    for second in range(3):
        state = step(lit, state, Context({"door.active": 1}, moment(second))).after
        assert state.acts
    assert not step(lit, state, Context({"door.active": 0}, moment(3))).after.acts


def test_a_missing_value_neither_fires_nor_resolves(rule, life):
    assert life(rule(), each_second(MISSING, 31, MISSING, 31, MISSING)) == [(1, "firing")]


@pytest.mark.parametrize("clear", ["", "air.t < 25"])
def test_a_firing_rule_acts_only_while_its_condition_is_known(rule, moment, clear):
    hot, state, acts = rule(clear=clear), RuleState(), []
    for value in (31, MISSING, 31):
        values = {} if value is MISSING else {"air.t": value}
        state = step(hot, state, Context(values, moment(0))).after
        acts.append((state.state, state.acts))
    assert acts == [("firing", True), ("firing", False), ("firing", True)]


def test_what_clear_does_not_need_may_be_missing(rule, moment):
    hot = rule("air.t > 30 and door.active", "air.t < 25")
    after = step(hot, RuleState("firing"), Context({"air.t": 28}, moment(0))).after
    assert after.acts


def test_clear_ends_an_alert_though_when_is_unknown(rule, moment):
    hot = rule("air.t > 30 or water.t > 30", "air.t < 25")
    assert (
        step(hot, RuleState("firing"), Context({"air.t": 24}, moment(1))).alert.state == "resolved"
    )


def test_an_alert_holds_the_values_of_the_rules_inputs(rule, moment):
    hot = rule("air.t > 30 or water.t > 90", "air.h < 5", severity="critical")
    values = {"air.t": 31, "air.h": 40, "door.active": 1}
    alert = step(hot, RuleState(), Context(values, moment(5))).alert
    assert alert.values == {"air.t": 31, "air.h": 40}
    assert (alert.rule, alert.severity, alert.moment) == ("hot", "critical", moment(5))


def test_a_pending_rule_is_due_when_its_hold_is_over(rule, moment):
    hot = rule(hold=2.5)
    pending = step(hot, RuleState(), Context({"air.t": 31}, moment(10))).after
    assert due(hot, pending) == 12_500_000
    assert step(hot, pending, Context({"air.t": 31}, moment(12.499999))).after.state == "pending"
    assert step(hot, pending, Context({"air.t": 31}, moment(12.5))).after.state == "firing"


@pytest.mark.parametrize("state", ["inactive", "firing", "resolved"])
def test_no_other_rule_is_due(rule, state):
    assert due(rule(hold=2.5), RuleState(state)) is None


def test_a_hold_does_not_depend_on_the_wall_clock(rule, life):
    hot, state, alerts = rule(hold=2), RuleState(), []
    for uptime, wall in [(0, 0), (1, 10**15), (2, -(10**15))]:
        moment = Moment(wall, uptime * 1_000_000, True)
        result = step(hot, state, Context({"air.t": 31}, moment))
        state, alert = result.after, result.alert
        alerts += [(uptime, alert.state)] if alert else []
    assert alerts == [(0, "pending"), (2, "firing")]


@pytest.mark.parametrize(
    ("value", "alerts"), [(31, []), (28, []), (24, [(9, "resolved")]), (MISSING, [])]
)
def test_a_rule_that_fired_before_a_restart_goes_on_and_resolves_when_it_is_known(
    rule, life, moment, value, alerts
):
    state = restored("firing", moment(5))
    assert not state.acts
    assert life(rule("air.t > 30", "air.t < 25"), [(9, value)], state) == alerts


def test_a_hold_starts_again_after_a_restart(rule, life, moment):
    samples = [(6, 31), (7, 31), (8, 31)]
    alerts = life(rule(hold=2), samples, restored("pending", moment(5)))
    assert alerts == [(7, "firing")]


def test_a_rule_that_was_pending_before_a_restart_stays_so_until_its_condition_is_known(
    rule, life, moment
):
    state = restored("pending", moment(5))
    assert due(rule(hold=2), state) is None
    assert life(rule(hold=2), [(5, MISSING), (9, MISSING)], state) == []
    assert life(rule(hold=2), [(5, MISSING), (6, 20)], state) == [(6, "inactive")]


@pytest.mark.parametrize("last", ["inactive", "resolved"])
def test_a_rule_that_was_quiet_before_a_restart_may_fire(rule, life, moment, last):
    assert life(rule(), [(9, 31)], restored(last, moment(5))) == [(9, "firing")]


@pytest.mark.parametrize("before", ["inactive", "pending", "firing"])
def test_a_rule_that_cannot_be_evaluated_is_unknown(rule, moment, before):
    result = step_unknown(rule(hold=2), RuleState(before), Context({}, moment(1)))
    assert (result.after.state, result.after.acts, result.alert) == (before, False, None)


temperatures = st.one_of(st.none(), st.integers(20, 35))
clears = st.sampled_from(["", "air.t < 25", "air.t < 33"])
lives = st.lists(st.tuples(st.integers(1, 5), temperatures), max_size=30).map(
    lambda steps: [(sum(s for s, _ in steps[: n + 1]), t) for n, (_, t) in enumerate(steps)]
)


@given(lives, clears, st.integers(0, 6))
def test_missing_data_never_fires_or_resolves_a_rule(rule, life, samples, clear, hold):
    missing = {seconds for seconds, value in samples if value is MISSING}
    worse = {(at, state) for at, state in life(rule(clear=clear, hold=hold), samples)}
    assert {state for at, state in worse if at in missing} <= {"inactive"}


@given(lives, st.integers(0, 6))
def test_inside_its_band_a_rule_never_changes(rule, life, samples, hold):
    inside = [(at, value) for at, value in samples if value is MISSING or 25 <= value <= 30]
    for state in (RuleState(), RuleState("firing")):
        assert life(rule("air.t > 30", "air.t < 25", hold=hold), inside, state) == []


@given(st.integers(20, 35), clears, st.integers(2, 20))
def test_the_same_value_changes_a_rule_once_at_most(rule, life, value, clear, times):
    for state in (RuleState(), RuleState("firing")):
        assert len(life(rule(clear=clear), each_second(*[value] * times), state)) <= 1


@given(st.lists(st.integers(1, 99), max_size=20, unique=True), st.integers(1, 100))
def test_a_hold_counts_time_and_not_samples(rule, life, between, hold):
    samples = [(second, 31) for second in sorted({0, *between, 100})]
    alerts = life(rule(hold=hold), samples)
    assert alerts == [(0, "pending"), (min(s for s, _ in samples if s >= hold), "firing")]


@given(lives, clears, st.data())
def test_a_restart_at_any_step_gives_the_same_alerts_as_none(
    rule, life, moment, samples, clear, data
):
    hot, cut = rule(clear=clear), data.draw(st.integers(0, len(samples)))
    before = life(hot, samples[:cut])
    last = before[-1][1] if before else "inactive"
    after = life(hot, samples[cut:], restored(last, moment(0)))
    assert before + after == life(hot, samples)


@given(lives, clears, st.integers(1, 6), st.data())
def test_a_restart_with_the_saved_state_counts_as_a_moment_without_data(
    rule, life, moment, samples, clear, hold, data
):
    hot, cut = rule(clear=clear, hold=hold), data.draw(st.integers(0, len(samples)))
    restart = samples[cut - 1][0] if cut else 0
    state = RuleState()
    for seconds, value in samples[:cut]:
        values = {} if value is MISSING else {"air.t": value}
        state = step(hot, state, Context(values, moment(seconds))).after
    rest = [(restart, MISSING), *samples[cut:]]
    after = life(hot, rest, state.shifted(9).shifted(-9))
    assert life(hot, samples[:cut]) + after == life(hot, [*samples[:cut], *rest])
