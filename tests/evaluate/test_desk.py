import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import CommandError, ConfigError
from edge_agent.evaluate.commands.command import KINDS, parse
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse as parse_expression
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Finished, Request

ALL = tuple(KINDS)
FAN = {"fan": 1.0}
KNOWN = {"air.t": Known(), "warm": Known(key="hot:warm")}


def asked(bench, name, *, retained=False, **arguments):
    """Send a command; return its answers."""
    payload = json.dumps(arguments).encode()
    bench.inbox.put(Request(name, payload, "answers", b"7", retained))
    before = len(bench.answers)
    bench.engine.take(0)
    told = bench.answers[before:]
    assert all((answer.topic, answer.correlation) == ("answers", b"7") for answer in told)
    return [json.loads(answer.payload) for answer in told]


def state(bench, name, **arguments):
    return [answer["state"] for answer in asked(bench, name, **arguments)]


@pytest.fixture
def hot():
    when = parse_expression("air.t > warm", KNOWN)
    return Rule("hot", when, settings=FAN, thresholds={"warm": 30.0})


def test_only_what_is_allowed_has_an_effect(bench, hot):
    b = bench([hot], allowed=("read",))
    b.measure(t=20)
    for name in KINDS:
        if name != "read":
            (answer,) = asked(b, name, output="fan", value="on", rule="hot", threshold="warm")
            assert answer["state"] == "refused"
            assert "commands.allow" in answer["reason"]
    assert b.relays["fan"].applied == [0.0]
    assert b.delegate == []


def test_an_output_is_set_for_a_time(bench):
    b = bench([], allowed=ALL)
    assert state(b, "set", output="fan", value="on", **{"for": 10}) == ["done"]
    assert b.relays["fan"].applied == [0.0, 1.0]
    b.wait(9.9)
    assert b.relays["fan"].applied == [0.0, 1.0]
    b.wait(0.2)
    assert b.relays["fan"].applied == [0.0, 1.0, 0.0]


def test_auto_leaves_an_output_to_the_rules_again(bench):
    b = bench([], allowed=ALL)
    asked(b, "set", output="fan", value=1)
    asked(b, "set", output="fan", value="auto")
    assert b.relays["fan"].applied == [0.0, 1.0, 0.0]


def test_an_id_has_its_effect_once_and_its_answer_each_time(bench):
    b = bench([], allowed=ALL)
    first = asked(b, "set", id="a", output="fan", value="on")
    asked(b, "set", id="b", output="fan", value="off")
    assert asked(b, "set", id="a", output="fan", value="on") == [{**first[0], "repeated": True}]
    assert b.relays["fan"].applied == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "expires, words",
    [
        ("2020-01-01T00:00:00Z", "expired"),
        ("2020-01-01T00:00:00", "time zone"),
        ("soon", "datetime"),
    ],
)
def test_what_comes_too_late_is_refused(bench, expires, words):
    b = bench([], allowed=ALL)
    (answer,) = asked(b, "set", output="fan", value="on", expires=expires)
    assert answer["state"] == "refused"
    assert words in answer["reason"]
    assert b.relays["fan"].applied == [0.0]


def test_while_the_clock_is_not_set_nobody_knows_what_has_expired(bench):
    b = bench([], allowed=ALL)
    b.clock.trusted = False
    (answer,) = asked(b, "set", output="fan", value="on", expires="2999-01-01T00:00:00Z")
    assert "clock is not set" in answer["reason"]


def test_a_retained_command_is_refused(bench):
    b = bench([], allowed=ALL)
    assert state(b, "set", retained=True, output="fan", value="on") == ["refused"]


def test_an_acknowledged_alert_says_so_and_what_does_not_fire_cannot_be(bench, hot):
    b = bench([hot], allowed=ALL)
    assert state(b, "acknowledge", rule="hot") == ["failed"]
    b.measure(t=31)
    assert state(b, "acknowledge", rule="hot") == ["done"]
    assert b.shown[-1].acknowledged


def test_a_threshold_moves_a_rule_within_its_bounds(bench, hot):
    b = bench([hot], allowed=ALL)
    b.measure(t=25)
    assert state(b, "threshold", rule="hot", threshold="warm", value=101) == ["failed"]
    assert state(b, "threshold", rule="hot", threshold="cold", value=20) == ["failed"]
    assert b.alerts == []
    assert state(b, "threshold", rule="hot", threshold="warm", value=20) == ["done"]
    assert [state for _, _, state in b.alerts] == ["firing"]


def test_a_disabled_rule_is_resolved_and_fires_again_when_enabled(bench, hot):
    b = bench([hot], allowed=ALL)
    b.measure(t=31)
    asked(b, "disable", rule="hot")
    b.measure(t=32)
    asked(b, "enable", rule="hot")
    assert [state for _, _, state in b.alerts] == ["firing", "resolved", "firing"]
    assert b.relays["fan"].applied == [0.0, 1.0, 0.0, 1.0]


def test_a_reading_is_answered_with_the_next_one_of_its_device(bench):
    b = bench([], allowed=ALL)
    assert state(b, "read", device="air") == ["accepted"]
    b.measure("water", t=5)
    assert len(b.answers) == 1
    b.measure(t=21)
    answer = json.loads(b.answers[-1].payload)
    assert (answer["state"], answer["result"]["values"]) == ("done", {"t": 21})


def test_what_nobody_answers_has_failed_after_a_minute(bench):
    b = bench([], allowed=ALL)
    asked(b, "read", device="air")
    b.wait(62)
    assert json.loads(b.answers[-1].payload)["state"] == "failed"


def test_what_others_carry_out_is_answered_when_it_ends(bench):
    b = bench([], allowed=ALL)
    assert state(b, "diagnostics", id="d") == ["accepted"]
    ((_, key),) = b.delegate
    b.inbox.put(Finished(key, {"threads": 3}))
    b.engine.take(0)
    assert json.loads(b.answers[-1].payload)["result"] == {"threads": 3}


def test_every_command_is_an_event(bench, hot):
    b = bench([hot], allowed=ALL)
    asked(b, "set", output="fan", value="on")
    asked(b, "set", output="pump", value="on")
    asked(b, "nonsense")
    told = [(e.source, e.data["state"]) for e in b.events if e.kind == "command"]
    assert told == [("set", "done"), ("set", "failed"), ("unknown", "refused")]


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


@settings(max_examples=2000, deadline=None)
@given(st.sampled_from([*ALL, "x", "", "set/../"]), PAYLOADS)
def test_any_payload_is_a_command_or_a_command_error(name, payload):
    with suppress(CommandError):
        assert parse(name, payload).name == name


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ALL), PAYLOADS), max_size=8))
def test_whatever_is_sent_the_engine_goes_on(bench, commands):
    when = parse_expression("air.t > warm", KNOWN)
    b = bench([Rule("hot", when, settings=FAN, thresholds={"warm": 30.0})], allowed=ALL)
    for name, payload in commands:
        b.inbox.put(Request(name, payload, "answers"))
    b.engine.take(0)
    assert len(b.answers) == len(commands)
    b.measure(t=31)
    assert b.readings[-1].values == {"t": 31}


WORDS = """( ) + - * / < > = , . == <= and or not air.t warm fan 5m 26°C mean( rate( age( stale(
time 22:30 weekday monday 1e9 0 x "" [ ] lambda: # é"""
PIECES = st.sampled_from(WORDS.split())
TEXTS = st.text(max_size=40) | st.lists(PIECES, max_size=14).map(" ".join)


@settings(max_examples=5000, deadline=None)
@given(TEXTS)
def test_any_text_is_an_expression_or_a_config_error(text):
    with suppress(ConfigError):
        assert parse_expression(text, KNOWN).text == text
