import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import CommandError
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.command import KINDS, parse
from edge_agent.evaluate.commands.pending import MOST
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse as parse_expression
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Finished, Reading, Request

ALL = tuple(KINDS)
FAN = {"fan": 1.0}
KNOWN = {"air.t": Known(), "warm": Known(key="hot:warm")}


def asked(engine, name, *, retained=False, **arguments):
    """Send a command; return its answers."""
    payload = json.dumps(arguments).encode()
    engine.inbox.put(Request(name, payload, "answers", b"7", retained))
    before = len(engine.answers)
    engine.take()
    answers = engine.answers[before:]
    assert all((answer.topic, answer.correlation) == ("answers", b"7") for answer in answers)
    return [json.loads(answer.payload) for answer in answers]


def state(engine, name, **arguments):
    return [answer["state"] for answer in asked(engine, name, **arguments)]


@pytest.fixture
def hot():
    when = parse_expression("air.t > warm", KNOWN)
    return Rule("hot", when, settings=FAN, thresholds={"warm": 30.0})


def test_only_what_is_allowed_has_an_effect(stepped, hot):
    engine = stepped([hot], allowed=("read",))
    engine.measure(t=20)
    for name in KINDS:
        if name != "read":
            (answer,) = asked(engine, name, output="fan", value="on", rule="hot", threshold="warm")
            assert answer["state"] == "refused"
            assert "commands.allow" in answer["reason"]
    assert engine.relays["fan"].applied == [0.0]
    assert engine.delegate == []


def test_an_output_is_set_for_a_time(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "set", output="fan", value="on", **{"for": 10}) == ["done"]
    assert engine.relays["fan"].applied == [0.0, 1.0]
    engine.wait(9.9)
    assert engine.relays["fan"].applied == [0.0, 1.0]
    engine.wait(0.2)
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("value", [0.5, 0.01, 1e-9])
def test_an_output_that_is_on_or_off_takes_nothing_between(stepped, value):
    engine = stepped([], allowed=ALL)
    (answer,) = asked(engine, "set", output="fan", value=value)
    assert answer["state"] == "failed"
    assert "fan is on or off" in answer["reason"]
    assert engine.relays["fan"].applied == [0.0]


def test_auto_leaves_an_output_to_the_rules_again(stepped):
    engine = stepped([], allowed=ALL)
    asked(engine, "set", output="fan", value=1)
    asked(engine, "set", output="fan", value="auto")
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]


FROST = {"settings": {"fan": 0.0}, "severity": "critical"}


def answered(engine):
    found = [json.loads(one.payload) for one in engine.answers]
    return [(one["state"], one.get("reason", "")) for one in found]


def test_a_set_that_something_stronger_holds_off_fails_and_lies_in_wait_for_nothing(stepped, rule):
    engine = stepped([rule(**FROST)], allowed=ALL)
    engine.measure(t=31)
    asked(engine, "set", output="fan", value="on")
    assert answered(engine) == [("failed", "fan: hot holds it at 0")]
    engine.measure(t=20)
    engine.wait(5)
    assert engine.relays["fan"].state() == 0


def test_a_set_that_may_wait_is_done_as_soon_as_nothing_holds_the_output(stepped, rule):
    engine = stepped([rule(**FROST)], allowed=ALL)
    engine.measure(t=31)
    asked(engine, "set", output="fan", value="on", wait=True)
    assert answered(engine) == [("accepted", "")]
    engine.measure(t=20)
    engine.wait(1)
    assert answered(engine) == [("accepted", ""), ("done", "")]
    assert engine.relays["fan"].state() == 1


def test_a_set_that_waits_in_vain_fails_when_its_time_is_over(stepped, rule):
    engine = stepped([rule(**FROST)], allowed=ALL)
    engine.measure(t=31)
    asked(engine, "set", output="fan", value="on", wait=True, **{"for": 5})
    engine.wait(6)
    reason = "fan: its time ended before it had an effect"
    assert answered(engine) == [("accepted", ""), ("failed", reason)]


def test_a_set_that_lost_control_holds_off_fails(stepped, rule):
    engine = stepped([rule(settings={"fan": 1.0})], allowed=ALL)
    engine.measure(t=31)
    engine.measure(quality="no_acknowledge")
    asked(engine, "set", output="fan", value="on")
    assert answered(engine) == [
        ("failed", "fan: control is lost: the condition of a rule that sets it is unknown")
    ]


def test_a_set_that_fails_leaves_an_earlier_one_in_force(stepped):
    engine = stepped([], allowed=ALL, guards={"fan": Guard(min_on=60)})
    asked(engine, "set", output="fan", value="on")
    asked(engine, "set", output="fan", value="off")
    assert answered(engine)[0] == ("done", "")
    assert answered(engine)[1] == ("failed", "fan: min_on holds it at 1 for another 60 s")
    engine.wait(120)
    assert engine.relays["fan"].state() == 1


def test_a_set_after_max_on_begins_its_time_again(stepped):
    engine = stepped([], allowed=ALL, guards={"fan": Guard(max_on=5)})
    asked(engine, "set", output="fan", value="on")
    engine.wait(6)
    assert engine.relays["fan"].state() == 0
    asked(engine, "set", output="fan", value="on")
    assert engine.relays["fan"].state() == 1
    engine.wait(6)
    assert engine.relays["fan"].state() == 0


def test_an_id_has_its_effect_once_and_its_answer_each_time(stepped):
    engine = stepped([], allowed=ALL)
    first = asked(engine, "set", id="a", output="fan", value="on")
    asked(engine, "set", id="b", output="fan", value="off")
    assert asked(engine, "set", id="a", output="fan", value="on") == [
        {**first[0], "repeated": True}
    ]
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0]


def test_an_id_that_comes_again_while_it_is_pending_is_carried_out_once(stepped):
    engine = stepped([], allowed=ALL)
    first = asked(engine, "diagnostics", id="d")
    assert asked(engine, "diagnostics", id="d") == [{**first[0], "repeated": True}]
    ((_, key),) = engine.delegate
    engine.inbox.put(Finished(key, {"threads": 3}))
    engine.take()
    assert asked(engine, "diagnostics", id="d")[0]["result"] == {"threads": 3}
    assert len(engine.delegate) == 1


def test_an_id_of_another_command_gets_that_commands_answer(stepped):
    engine = stepped([], allowed=ALL)
    first = asked(engine, "set", id="a", output="fan", value="on")
    assert asked(engine, "diagnostics", id="a") == [{**first[0], "repeated": True}]
    assert engine.delegate == []


def test_without_an_id_a_command_is_carried_out_each_time(stepped):
    engine = stepped([], allowed=ALL)
    asked(engine, "diagnostics")
    asked(engine, "diagnostics")
    assert len(engine.delegate) == 2


def test_a_command_that_finds_too_many_pending_is_refused_and_may_come_again(stepped):
    engine = stepped([], allowed=ALL)
    for _ in range(MOST):
        assert state(engine, "diagnostics") == ["accepted"]
        engine.wait(0.5)
    assert state(engine, "diagnostics", id="late") == ["refused"]
    engine.wait(60)
    assert state(engine, "diagnostics", id="late") == ["accepted"]


@pytest.mark.parametrize("id_", ["\0" * 64, "é中🙂/+#" * 10, "'\"\\;--", " ", "\u2028\r\n"])
def test_an_id_may_hold_any_characters(stepped, id_):
    engine = stepped([], allowed=ALL)
    first = asked(engine, "set", id=id_, output="fan", value="on")
    assert (first[0]["id"], first[0]["state"]) == (id_, "done")
    assert asked(engine, "set", id=id_, output="fan", value="on")[0]["repeated"]


@pytest.mark.parametrize("id_", ["x" * 65, 7, None, ["a"]])
def test_an_id_that_is_none_is_refused(stepped, id_):
    engine = stepped([], allowed=ALL)
    (answer,) = asked(engine, "set", id=id_, output="fan", value="on")
    assert answer["state"] == "refused"
    assert answer["reason"].startswith("id: ")


@pytest.mark.parametrize(
    "expires", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "2200-01-01T00:00:00+14:00"]
)
def test_a_command_may_expire_in_the_far_future(stepped, expires):
    engine = stepped([], allowed=ALL)
    assert state(engine, "set", output="fan", value="on", expires=expires) == ["done"]


@pytest.mark.parametrize(
    "expires, words",
    [
        ("2020-01-01T00:00:00Z", "expired"),
        ("2020-01-01T00:00:00", "time zone"),
        ("0001-01-01T00:00:00Z", "expired"),
        ("0001-01-01T00:00:00+23:59", "expired"),
        ("soon", "a time such as"),
        ("10000-01-01T00:00:00Z", "a time such as"),
    ],
)
def test_what_comes_too_late_is_refused(stepped, expires, words):
    engine = stepped([], allowed=ALL)
    (answer,) = asked(engine, "set", output="fan", value="on", expires=expires)
    assert answer["state"] == "refused"
    assert words in answer["reason"]
    assert engine.relays["fan"].applied == [0.0]


def test_while_the_clock_is_not_set_a_command_that_expires_is_refused(stepped):
    engine = stepped([], allowed=ALL)
    engine.clock.trusted = False
    (answer,) = asked(engine, "set", output="fan", value="on", expires="2999-01-01T00:00:00Z")
    assert "clock is not set" in answer["reason"]


def test_a_retained_command_is_refused(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "set", retained=True, output="fan", value="on") == ["refused"]


def test_an_acknowledged_alert_says_so_and_what_does_not_fire_cannot_be(stepped, hot):
    engine = stepped([hot], allowed=ALL)
    assert state(engine, "acknowledge", rule="hot") == ["failed"]
    engine.measure(t=31)
    assert state(engine, "acknowledge", rule="hot") == ["done"]
    assert engine.shown[-1].acknowledged


def test_a_threshold_moves_a_rule_within_its_bounds(stepped, hot):
    engine = stepped([hot], allowed=ALL)
    engine.measure(t=25)
    assert state(engine, "threshold", rule="hot", threshold="warm", value=101) == ["failed"]
    assert state(engine, "threshold", rule="hot", threshold="cold", value=20) == ["failed"]
    assert engine.alerts == []
    assert state(engine, "threshold", rule="hot", threshold="warm", value=20) == ["done"]
    assert [state for _, _, state in engine.alerts] == ["firing"]


def test_a_disabled_rule_is_resolved_and_fires_again_when_enabled(stepped, hot):
    engine = stepped([hot], allowed=ALL)
    engine.measure(t=31)
    asked(engine, "disable", rule="hot")
    engine.measure(t=32)
    asked(engine, "enable", rule="hot")
    assert [state for _, _, state in engine.alerts] == ["firing", "resolved", "firing"]
    assert engine.relays["fan"].applied == [0.0, 1.0, 0.0, 1.0]


def test_a_pending_rule_that_is_disabled_is_inactive(stepped, rule):
    engine = stepped([rule(hold=5)], allowed=ALL)
    engine.measure(t=31)
    asked(engine, "disable", rule="hot")
    assert engine.alerts == [(0, "hot", "pending"), (0, "hot", "inactive")]


def test_a_flapping_rule_that_is_disabled_is_resolved_once(stepped, hot):
    engine = stepped([msgspec.structs.replace(hot, storm=2)], allowed=ALL)
    for value in (31, 20) * 3:
        engine.measure(t=value)
    asked(engine, "disable", rule="hot")
    engine.wait(1200)
    states = [state for _, _, state in engine.alerts]
    assert states == ["firing", "resolved"] * 2 + ["flapping", "resolved"]


def test_a_reading_is_answered_with_the_next_one_of_its_device(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "read", device="air") == ["accepted"]
    engine.measure("water", t=5)
    assert len(engine.answers) == 1
    engine.measure(t=21)
    answer = json.loads(engine.answers[-1].payload)
    assert (answer["state"], answer["result"]["values"]) == ("done", {"t": 21})


def test_an_executor_for_another_configuration_answers_the_pending_commands(parts, moment):
    keys = []
    old = parts({}, [], allowed=ALL, delegate=lambda _, key: keys.append(key)).executor
    old.take(Request("read", b'{"device": "air"}', "answers"), moment(0))
    new = old.renewed((), parts({}, []).rule_set, Bounds(), lambda *_: None)
    new.take(Request("read", b'{"device": "air"}', "answers"), moment(1))
    (outcome,) = new.measured(Reading("air", moment(2), {"t": 21}))
    assert json.loads(outcome.answers[0].payload)["result"]["values"] == {"t": 21}
    assert new.finish(Finished(keys[0], {}), moment(3)) is None


def test_a_command_without_an_answer_has_failed_after_a_minute(stepped):
    engine = stepped([], allowed=ALL)
    asked(engine, "read", device="air")
    engine.wait(62)
    assert json.loads(engine.answers[-1].payload)["state"] == "failed"


def test_what_others_carry_out_is_answered_when_it_ends(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "diagnostics", id="d") == ["accepted"]
    ((_, key),) = engine.delegate
    engine.inbox.put(Finished(key, {"threads": 3}))
    engine.take()
    assert json.loads(engine.answers[-1].payload)["result"] == {"threads": 3}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"device": "moon", "value": 420}, "no device 'moon'; known: air, water, door"),
        (
            {"device": "door", "value": 420},
            "door cannot be calibrated by a command; can be: air, water",
        ),
        ({"device": "air", "value": 399}, "air: 399 is not possible; wanted: 400 to 2000"),
        ({"device": "air", "value": 2001}, "air: 2001 is not possible; wanted: 400 to 2000"),
    ],
)
def test_a_calibration_that_the_chip_does_not_have_is_refused_with_the_reason(
    stepped, arguments, reason
):
    engine = stepped([], allowed=ALL)
    (answer,) = asked(engine, "calibrate", **arguments)
    assert (answer["state"], answer["reason"]) == ("refused", reason)
    assert engine.delegate == []


def test_a_calibration_is_delegated_and_answered_when_it_ends(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "calibrate", device="air", value=420, id="c") == ["accepted"]
    ((command, key),) = engine.delegate
    assert (command.device, command.value) == ("air", 420)
    engine.inbox.put(Finished(key, {"correction": -80.0}))
    engine.take()
    answer = json.loads(engine.answers[-1].payload)
    assert (answer["state"], answer["result"]) == ("done", {"correction": -80.0})


def test_a_retained_calibration_is_refused(stepped):
    engine = stepped([], allowed=ALL)
    assert state(engine, "calibrate", retained=True, device="air", value=420) == ["refused"]
    assert engine.delegate == []


def test_a_calibration_may_take_half_an_hour_but_not_for_ever(stepped):
    engine = stepped([], allowed=ALL)
    asked(engine, "calibrate", device="air", value=420)
    engine.wait(1800)
    assert len(engine.answers) == 1
    engine.wait(100)
    answer = json.loads(engine.answers[-1].payload)
    assert (answer["state"], answer["reason"]) == ("failed", "no answer within 1860 s")


def test_every_command_is_an_event(stepped, hot):
    engine = stepped([hot], allowed=ALL)
    asked(engine, "set", output="fan", value="on")
    asked(engine, "set", output="pump", value="on")
    asked(engine, "nonsense")
    reported = [(e.source, e.data["state"]) for e in engine.events if e.kind == "command"]
    assert reported == [("set", "done"), ("set", "failed"), ("unknown", "refused")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["id", "expires", "device", "output", "value", "for", "rule", "threshold", "x"]
)
OBJECTS = st.dictionaries(KEYS, JSON | st.sampled_from(["air", "fan", "hot", "warm", "on", 1, 5]))
PAYLOADS = st.binary(max_size=60) | (JSON | OBJECTS).map(lambda one: json.dumps(one).encode())


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(st.sampled_from([*ALL, "x", "", "set/../"]), PAYLOADS)
def test_any_payload_is_a_command_or_a_command_error(name, payload):
    with suppress(CommandError):
        assert parse(name, payload).name == name


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ALL), PAYLOADS), max_size=8))
def test_no_command_stops_the_engine(stepped, commands):
    when = parse_expression("air.t > warm", KNOWN)
    engine = stepped([Rule("hot", when, settings=FAN, thresholds={"warm": 30.0})], allowed=ALL)
    for name, payload in commands:
        engine.inbox.put(Request(name, payload, "answers"))
    engine.take()
    assert len(engine.answers) == len(commands)
    engine.measure(t=31)
    assert engine.readings[-1].values == {"t": 31}
