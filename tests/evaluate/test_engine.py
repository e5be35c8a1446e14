import logging
import threading
from queue import SimpleQueue

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.clock import SystemClock
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.expressions.expression import Expression, Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.refine.calibration import Calibration
from edge_agent.evaluate.refine.dead_band import DeadBand
from edge_agent.evaluate.refine.plausibility import Limits
from edge_agent.evaluate.refine.refine import ChannelPlan, DevicePlan
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.evaluate.rules.rule_state import RuleState, restored
from edge_agent.events import Alert, Event, Reading, Request
from edge_agent.figures import UnknownRules

FAN = {"fan": 1.0}
THINNED = {"air": DevicePlan({}, 10.0, DeadBand({"t": 5.0}))}


def test_a_reading_is_refined_shown_and_recorded(stepped):
    plan = DevicePlan({"t": ChannelPlan(Calibration(offset=1.0), Limits(0, 50))}, 10.0)
    engine = stepped([], {"air": plan})
    engine.measure(t=20)
    engine.measure(t=60)
    assert [(each.values, each.quality) for each in engine.readings] == [
        ({"t": 21.0}, "good"),
        ({}, "out_of_range"),
    ]
    assert [batch[0] for batch in engine.recorded[1:]] == [each.event() for each in engine.readings]


def test_outputs_are_safe_before_the_first_reading(stepped):
    engine = stepped([])
    assert engine.relays["fan"].applied == [0.0]
    assert engine.batches == [[("output", "fan")]]


def test_a_relay_switches_before_anything_is_shown_or_recorded(stepped, rule):
    engine = stepped([rule(settings=FAN)])
    seen = []
    engine.engine._show = lambda _: seen.append(engine.relays["fan"].applied[-1])
    engine.engine._record = lambda _: seen.append(engine.relays["fan"].applied[-1])
    engine.measure(t=31)
    assert seen == [1.0, 1.0, 1.0, 1.0]  # the reading, the alert, the output; the log


def test_an_alert_commits_with_the_reading_that_caused_it_and_what_was_switched(stepped, rule):
    engine = stepped([rule(settings=FAN)])
    engine.measure(t=31)
    assert engine.batches[1:] == [[("reading", "air"), ("alert", "hot"), ("output", "fan")]]


def test_a_reading_that_causes_an_alert_is_logged_in_spite_of_the_dead_band(stepped, rule):
    engine = stepped([rule()], THINNED)
    for value in (29, 30, 31, 32):
        engine.measure(t=value)
    assert [batch for batch in engine.batches if ("reading", "air") in batch] == [
        [("reading", "air")],
        [("reading", "air"), ("alert", "hot")],
    ]


def test_the_dead_band_thins_the_log_and_neither_rules_nor_what_is_shown(stepped):
    engine = stepped([], THINNED)
    for value in (20, 21, 22, 25):
        engine.measure(t=value)
    assert [each.values["t"] for each in engine.readings] == [20, 21, 22, 25]
    assert [batch[0].data["values"]["t"] for batch in engine.recorded[1:]] == [20, 25]


def test_a_pending_rule_fires_on_time_without_a_reading(stepped, rule):
    engine = stepped([rule(hold=2.5)])
    engine.measure(t=31)
    engine.wait(5)
    assert engine.alerts == [(0, "hot", "pending"), (2.5, "hot", "firing")]


def test_a_pending_rule_does_not_fire_on_values_that_are_no_longer_current(stepped, rule):
    engine = stepped([rule(hold=30)])
    engine.measure(t=31)
    engine.wait(60)
    assert engine.alerts == [(0, "hot", "pending")]


def test_a_late_engine_lets_what_was_due_come_before_what_was_measured_later(stepped, rule, moment):
    engine = stepped([rule(hold=2)])
    engine.measure(t=31)
    engine.clock.advance(3)
    engine.measure(t=20)
    alerts = [(each.state, each.moment) for each in engine.shown if isinstance(each, Alert)]
    assert alerts == [("pending", moment(0)), ("firing", moment(2)), ("resolved", moment(3))]


def test_a_late_engine_evaluates_all_that_was_measured_in_time_before_it_fires(
    stepped, rule, moment
):
    engine = stepped([rule(hold=2)])
    engine.measure(t=31)
    engine.clock.advance(3)
    engine.inbox.put(Reading("water", moment(1), {"t": 5}))
    engine.inbox.put(Reading("air", moment(1.9), {"t": 20}))
    engine.take()
    assert engine.alerts == [(0, "hot", "pending"), (1.9, "hot", "inactive")]


def test_a_rule_never_sees_a_stale_value_of_another_device(stepped, rule, moment):
    engine = stepped([rule("air.t > 30 and water.t > 30")])
    engine.inbox.put(Reading("water", moment(0), {"t": 31}))
    engine.inbox.put(Reading("air", moment(10), {"t": 31}))
    engine.clock.advance(10)
    engine.take()
    assert engine.alerts == []


def test_while_input_is_stale_an_output_is_safe_and_the_alert_stands(stepped, rule):
    engine = stepped([rule(settings=FAN)], THINNED)
    engine.wait(0.3)
    engine.measure(t=31)
    engine.wait(12)
    engine.measure(t=31)
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0, 1.0]
    assert engine.batches[2:] == [[("output", "fan")], [("reading", "air"), ("output", "fan")]]
    assert engine.recorded[2][0].moment.uptime == 10_300_000
    assert engine.alerts == [(0.3, "hot", "firing")]


def test_a_command_is_heard_again_with_the_reading_that_ends_the_veto(stepped, rule):
    engine = stepped([rule(settings=FAN)], allowed=("set",))
    engine.measure(t=31)
    engine.inbox.put(Request("set", b'{"output": "fan", "value": "on"}', "answers"))
    engine.take()
    engine.measure(quality="timeout")
    assert engine.relays["fan"].applied[-1] == 0
    engine.measure(t=19)
    assert engine.relays["fan"].applied[-1] == 1


def test_an_output_that_waited_follows_what_its_rule_is_by_then(stepped, rule):
    recent = Rule("recent", parse("age(air.t) < 3s", {"air.t": Known()}), settings=FAN)
    engine = stepped([recent], guards={"fan": Guard(min_off=3)})
    engine.measure(t=20)
    engine.wait(5)
    assert engine.relays["fan"].applied == [0.0]


@pytest.mark.parametrize("quality", ["no_acknowledge", "out_of_range"])
def test_a_failed_reading_makes_its_rules_unknown_at_once(stepped, rule, quality):
    engine = stepped([rule(settings=FAN), rule(name="damp", hold=5)])
    engine.measure(t=31)
    engine.measure(quality=quality)
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]
    assert engine.alerts == [(0, "hot", "firing"), (0, "damp", "pending")]


def test_a_channel_that_was_refused_is_unknown_while_the_others_stand(stepped, rule):
    engine = stepped([rule("air.t > 30", settings=FAN), rule("air.h > 30", name="damp")])
    engine.measure(t=31, h=40)
    engine.measure(h=20)
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]
    assert engine.alerts[2:] == [(0, "damp", "resolved")]


def test_a_failed_output_is_tried_again_though_nothing_is_measured(stepped, rule):
    engine = stepped([rule(settings=FAN)])
    engine.relays["fan"].error = OSError("stuck")
    engine.measure(t=31)
    engine.wait(2)
    engine.relays["fan"].error = None
    engine.wait(2)
    reported = [e.data.get("error", "") for e in engine.events if e.kind == "output"]
    assert reported == ["", "stuck", ""]
    assert engine.relays["fan"].applied == [0.0, 1.0]


def test_a_reading_costs_only_the_rules_that_depend_on_its_device(stepped, rule):
    asked = []

    def asking(name, channel):
        inputs = frozenset({channel})
        return Rule(name, Expression("", inputs, lambda _: asked.append(name)))

    engine = stepped([asking("warm", "air.t"), asking("wet", "water.t"), asking("damp", "air.h")])
    asked.clear()
    engine.measure(t=31, h=40)
    assert asked == ["warm", "damp"]


def test_a_bug_in_one_rule_is_logged_once_and_stops_no_other_rule(stepped, rule, caplog):
    def failing(context):
        value = context.values.get("air.t", 6)
        return value / (value - 5) < 0

    broken = Rule("broken", Expression("", frozenset({"air.t"}), failing))
    engine = stepped([broken, rule("air.t > 3")])
    for value in (5, 5, 5, 2, 4):
        engine.measure(t=value)
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (
            logging.ERROR,
            "rule broken: could not be evaluated (a bug, please report it); unknown until it can",
        ),
        (logging.WARNING, "rule broken: evaluated again after 3 failures"),
    ]
    assert [(name, state) for _, name, state in engine.alerts] == [
        ("hot", "firing"),
        ("broken", "firing"),
        ("hot", "resolved"),
        ("hot", "firing"),
    ]


def test_a_rule_with_a_bug_sets_no_outputs(stepped, caplog):
    def failing(context):
        return 1 / (context.values.get("air.t", 0) - 5) > 0

    broken = Expression("", frozenset({"air.t"}), failing)
    engine = stepped([Rule("broken", broken, settings=FAN)])
    engine.measure(t=6)
    engine.measure(t=5)
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]
    assert engine.alerts == [(0, "broken", "firing")]


def test_progress_is_reported_every_second_with_readings_and_without(stepped):
    engine = stepped([])
    engine.wait(10)
    for _ in range(100):
        engine.clock.advance(0.1)
        engine.measure(t=20)
    assert 20 <= engine.progress <= 22


def test_the_wall_clock_may_jump(stepped, rule):
    engine = stepped([rule(hold=5, settings=FAN)])
    engine.measure(t=31)
    engine.clock.step(-86400)
    engine.wait(4)
    engine.clock.step(10 * 86400)
    engine.wait(2)
    assert engine.alerts == [(0, "hot", "pending"), (5, "hot", "firing")]


def test_after_a_restart_a_rule_goes_on_and_acts_as_soon_as_it_is_known(stepped, rule, moment):
    engine = stepped([rule(settings=FAN)], states={"hot": restored("firing", moment(0))})
    assert engine.relays["fan"].applied == [0.0]
    engine.measure(t=31)
    assert engine.relays["fan"].applied == [0.0, 1.0]
    engine.measure(t=20)
    assert engine.alerts == [(0, "hot", "resolved")]


def test_after_a_restart_a_pending_rule_stays_pending_until_its_condition_is_known(
    stepped, rule, moment
):
    engine = stepped([rule(hold=5)], states={"hot": restored("pending", moment(0))})
    engine.wait(9)
    assert engine.alerts == []
    engine.measure(t=20)
    assert engine.alerts == [(9, "hot", "inactive")]


def test_the_state_of_a_rule_that_is_gone_is_left_alone(stepped, rule):
    engine = stepped([rule()], states={"gone": RuleState("firing")})
    engine.measure(t=31)
    assert engine.alerts == [(0, "hot", "firing")]


@pytest.fixture
def thread(parts, rule, relay):
    """An engine in a thread of its own: its inbox, what it recorded, and its end."""
    inbox, recorded = SimpleQueue(), SimpleQueue()
    plans = {"air": DevicePlan({}, 10.0)}
    engine = Engine(
        inbox,
        parts(plans, [rule(hold=0.01, settings=FAN)], outputs=[GuardedOutput("fan", relay)]),
        answer=lambda answer: None,
        record=recorded.put,
        show=lambda news: None,
        clock=SystemClock(),
    )
    failures = []

    def run():
        try:
            engine.run()
        except AttributeError as error:
            failures.append(error)

    runner = threading.Thread(target=run, daemon=True)
    runner.start()
    yield inbox, recorded, runner, failures
    inbox.put(None)
    runner.join(60)


def kinds(records):
    return [one.kind for one in records if isinstance(one, Event)]


def test_in_its_thread_the_engine_fires_on_time_and_stops_with_safe_outputs(thread, relay):
    inbox, recorded, runner, failures = thread
    inbox.put(Reading("air", SystemClock().now(), {"t": 31}))
    batches = [
        [one.kind for one in recorded.get(timeout=60) if isinstance(one, Event)] for _ in range(3)
    ]
    assert batches == [["output"], ["reading", "alert"], ["alert", "output"]]
    inbox.put(None)
    event, _ = recorded.get(timeout=60)
    assert (event.kind, event.data["by"]) == ("output", "safe")
    runner.join(60)
    assert (relay.applied, relay.closed, failures) == ([0.0, 1.0, 0.0], True, [])


def test_outputs_are_safe_even_if_the_engine_fails(thread, relay):
    inbox, recorded, runner, failures = thread
    inbox.put(Reading("air", SystemClock().now(), {"t": 31}))
    for _ in range(3):
        recorded.get(timeout=60)
    inbox.put(Reading("air", SystemClock().now(), None))  # a bug of a bus
    runner.join(60)
    assert (relay.applied, relay.closed) == ([0.0, 1.0, 0.0], True)
    assert [type(error) for error in failures] == [AttributeError]


def test_outputs_are_safe_even_if_the_last_aggregates_fail(stepped, monkeypatch):
    def fail_at_the_end(_, now):
        if now is None:
            raise KeyError
        return []

    engine = stepped([])
    monkeypatch.setattr(CurrentValues, "aggregates", fail_at_the_end)
    engine.inbox.put(None)
    with pytest.raises(KeyError):
        engine.engine.run()
    assert engine.relays["fan"].closed


samples = st.lists(
    st.tuples(
        st.sampled_from(["air", "water"]),
        st.one_of(st.none(), st.integers(28, 33)),
        st.sampled_from([0.5, 1.0, 4.0, 12.0]),
    ),
    max_size=20,
)


@given(samples)
def test_an_output_is_on_only_while_every_input_is_current_and_right(stepped, rule, samples):
    engine = stepped([rule("air.t > 30 and water.t > 30", hold=2, settings=FAN)])
    latest = {}
    for device, value, pause in samples:
        engine.measure(device, **({} if value is None else {"t": value}))
        latest[device] = (engine.clock.monotonic(), value)
        engine.wait(pause)
        now = engine.clock.monotonic()
        current = {d: v for d, (at, v) in latest.items() if v is not None and now - at < 10}
        if engine.relays["fan"].applied[-1]:
            assert len(current) == 2
            assert min(current.values()) > 30


@given(samples)
def test_how_late_readings_are_taken_changes_no_alert(stepped, rule, samples):
    rules = [rule("air.t > 30 or water.t > 31", "air.t < 30", hold=2), rule(name="now")]
    prompt, late = stepped(rules), stepped(rules)
    for device, value, pause in samples:
        values = {} if value is None else {"t": value}
        prompt.measure(device, **values)
        late.inbox.put(Reading(device, late.clock.now(), values))
        prompt.wait(pause)
        late.clock.advance(pause)
    late.engine.take(0)
    assert late.alerts == prompt.alerts
    assert late.relays["fan"].applied == prompt.relays["fan"].applied


def test_every_alert_that_is_shown_is_recorded(stepped, rule):
    engine = stepped([rule(hold=1), rule(name="now")])
    for value in (31, 20, 31, 31):
        engine.measure(t=value)
        engine.wait(0.7)
    shown = [each.event() for each in engine.shown if isinstance(each, Alert)]
    assert shown == [e for e in engine.events if e.kind == "alert"]
    assert len(shown) == 7


def test_a_reading_of_a_device_that_a_reload_has_removed_is_left_out(stepped):
    engine = stepped([])
    engine.inbox.put(Reading("removed", engine.clock.now(), {"t": 21.0}))
    engine.measure("air", t=22)
    engine.take()
    assert [reading.device for reading in engine.readings] == ["air"]


def test_each_second_the_rules_are_reported_that_lack_values(stepped, rule):
    engine = stepped([rule(settings=FAN)])
    engine.measure(t=31)
    engine.wait(2)
    assert engine.figures[-1] == UnknownRules(frozenset())
    engine.measure(quality="absent")
    engine.wait(2)
    assert engine.figures[-1] == UnknownRules(frozenset({"hot"}))
    engine.measure(t=31)
    engine.wait(2)
    assert engine.figures[-1] == UnknownRules(frozenset())
