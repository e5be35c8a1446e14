import operator
import random
from contextlib import suppress

import pytest
from hypothesis import example, given, reject, settings
from hypothesis import strategies as st

from edge_agent.clock import Moment
from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions import ranges
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.expressions.ranges import ANY, ValueRange
from edge_agent.evaluate.expressions.windows import Window

KNOWN = {
    "air.temperature": Known("numeric", -40, 85),
    "air.humidity": Known("numeric", 0, 100),
    "boiler-1.temperature": Known("numeric", -55, 125),
    "1st.in": Known(),
    "x.a": Known(),
    "x.b": Known(),
    "adc.a0": Known(),
    "adc.a1": Known(),
    "adc.a0-a1": Known(),
    "door.active": Known("binary"),
    "gate.active": Known("binary"),
}


def problems(text, known=KNOWN):
    with pytest.raises(ConfigError) as refused:
        parse(text, known)
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "values", "truth"),
    [
        ("x.a > 3", {"x.a": 3.5}, True),
        ("x.a > 3", {"x.a": 3}, False),
        ("x.a >= 3 and x.a <= 3", {"x.a": 3}, True),
        ("x.a == 3", {"x.a": 3}, True),
        ("x.a != 3", {"x.a": 3}, False),
        ("1 < x.a <= x.b < 9", {"x.a": 2, "x.b": 2}, True),
        ("1 < x.a <= x.b < 9", {"x.a": 2, "x.b": 9}, False),
        ("x.a - x.b * 2 > 1", {"x.a": 8, "x.b": 3}, True),
        ("(x.a - x.b) * 2 > 10", {"x.a": 8, "x.b": 3}, False),
        ("x.a / x.b < -x.a", {"x.a": -4, "x.b": 2}, True),
        ("x.a > 1e3", {"x.a": 1001}, True),
        ("door.active", {"door.active": 1}, True),
        ("not door.active", {"door.active": 1}, False),
        ("door.active == gate.active", {"door.active": 0, "gate.active": 0}, True),
        ("door.active != true", {"door.active": 0}, True),
        ("boiler-1.temperature-x.a>5", {"boiler-1.temperature": 10, "x.a": 4}, True),
        ("x.a-boiler-1.temperature>5", {"boiler-1.temperature": 4, "x.a": 10}, True),
        ("1st.in > 2", {"1st.in": 3}, True),
        ("adc.a0-a1 > 2", {"adc.a0-a1": 3}, True),
        ("adc.a0-adc.a1 > 2", {"adc.a0": 4, "adc.a1": 1}, True),
        ("  x.a\n >\t 3 ", {"x.a": 4}, True),
        ("20 <= x.a <= 20", {"x.a": 20}, True),
        ("x.a >= 20 and x.a <= 20", {"x.a": 20}, True),
        ("x.a > 20 or x.a < 20", {"x.a": 20}, False),
        ("x.a < 20 or 30 < x.a < 40", {"x.a": 35}, True),
        ("x.a > 3 and x.b < 3", {"x.a": 4, "x.b": 2}, True),
    ],
)
def test_an_expression_means_what_it_says(text, values, truth):
    assert parse(text, KNOWN)(Context(values)) is truth


@pytest.mark.parametrize(
    ("text", "values", "truth"),
    [
        ("x.a > 3", {}, None),
        ("not x.a > 3", {}, None),
        ("x.a > 3 and x.b > 3", {"x.b": 4}, None),
        ("x.a > 3 and x.b > 3", {"x.b": 1}, False),
        ("x.a > 3 or x.b > 3", {"x.b": 4}, True),
        ("x.a > 3 or x.b > 3", {"x.b": 1}, None),
        ("x.a < x.b < 3", {"x.b": 5}, False),
        ("x.a + 1 > 3", {}, None),
        ("door.active", {}, None),
        ("door.active == gate.active", {"door.active": 1}, None),
    ],
)
def test_a_result_is_unknown_unless_the_other_operands_decide(text, values, truth):
    assert parse(text, KNOWN)(Context(values)) is truth


@pytest.mark.parametrize(
    "text",
    ["x.a / x.b > 1", "not x.a / x.b > 1", "x.a * x.a > 1", "x.a * x.a - x.a * x.a != 1"],
)
def test_what_cannot_be_calculated_is_unknown(text):
    assert parse(text, KNOWN)(Context({"x.a": 1e200, "x.b": 0})) is None


def test_the_inputs_are_the_channels_that_occur():
    text = "x.a > 3 or boiler-1.temperature < x.a and not door.active"
    assert parse(text, KNOWN).inputs == {"x.a", "boiler-1.temperature", "door.active"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("air.temprature > 3", "'air.temprature' is not a channel; did you mean 'air.temperature'"),
        ("boiler-l.temperature > 3", "'boiler-l.temperature' is not a channel; did you mean 'boi"),
        ("boiler-2.temperature > 3", "'boiler-2.temperature' is not a channel; did you mean 'boi"),
        ("temperature > 3", "'temperature' is not a channel; did you mean 'air.temperature'"),
        ("x.a.b > 3", "'x.a.b' is not a channel"),
        ("dor.active == true", "'dor.active' is not a channel; did you mean 'door.active'"),
        ("x.a", "'x.a' is a number, not a condition"),
        ("not x.a", "'x.a' is a number, not a condition"),
        ("door.active and x.a + 3", "'x.a + 3' is a number, not a condition"),
        ("door.active > 0", "'door.active' is true or false, not a number"),
        ("door.active == 1", "'door.active' is true or false, not a number"),
        ("-door.active < 1", "'door.active' is true or false, not a number"),
        ("x.a + (x.b > 3) > 1", "'x.b > 3' is true or false, not a number"),
        ("30 < x.a < 20", "'30 < x.a < 20' is always false, whatever x.a is"),
        ("20 < x.a < 20", "is always false"),
        ("20 > x.a >= 30", "is always false"),
        ("x.a > 30 and door.active and x.a < 20", "is always false, whatever x.a is; use `or`"),
        ("x.a == 3 and x.a == 4", "is always false"),
        ("x.a + 1 > 3 and 3 >= x.a + 1", "is always false, whatever x.a + 1 is"),
        ("x.a > 20 or x.a < 30", "is always true, whatever x.a is; use `and`"),
        ("x.a > 20 or x.a <= 20", "is always true"),
        ("not (x.a > 20) and x.a > 30", "is always false, whatever x.a is"),
        ("x.a > 30 and (x.a < 20 and door.active)", "is always false, whatever x.a is"),
        ("x.a > 30 or (x.a <= 30 or door.active)", "is always true, whatever x.a is"),
        ("door.active and not door.active", "is always false, whatever door.active is"),
        ("weekday == saturday and weekday == sunday", "is always false, whatever weekday is; use"),
        ("weekday != saturday or weekday != sunday", "is always true"),
        ("x.a == 3 or x.a != 3", "is always true"),
        ("x.a > x.a", "'x.a > x.a' compares x.a with itself"),
        ("x.b < mean(x.a, 5m) < mean(x.a, 5m)", "compares mean(x.a, 5m) with itself"),
        ("x.a / 0 > 1", "'x.a / 0' divides by zero"),
        ("x.a / (2 - 2) > 1", "'x.a / (2 - 2)' divides by zero"),
        ("x.a > 1e301", "'1e301' is too large"),
        ("x.a ** 2 > 4", "'x.a ** 2' is not allowed; allowed are device.channel"),
        ("x.a > 4 if door.active else x.b > 2", "is not allowed"),
        ("x.a in (1, 2)", "'x.a in (1, 2)' is not allowed"),
        ("x.a is x.b", "'x.a is x.b' is not allowed"),
        ("x.a > '3'", "\"'3'\" is not allowed"),
        ("x.a > 3j", "'3j' is not allowed"),
        ("x.a > True", "'True' is not allowed"),
        ("__import__('os').system('true')", "is not allowed"),
        ("(lambda: x.a > 1)()", "is not allowed"),
        ("[door.active for _ in x.a]", "is not allowed"),
        ("(y := x.a) > 3", "is not allowed"),
        ("x.a > 3 && x.b > 3", "'&& x.b > 3' is not understood; write `and`"),
        ("x.a = 3", "is not understood"),
        ("x.a > 30 °C", "is not understood"),
        ("\0", "is not understood"),
        ("\ud800", "is not understood"),
        ("", "0 characters long: write 1 to 1000"),
        ("x.a > 3 or " * 100 + "x.a > 3", "1107 characters long"),
        ("x.a > 3  # warm\nand door.active", "'# warm and door.active' is not allowed"),
        ("(" * 250 + "x.a > 3" + ")" * 250, "is not understood"),
        ("-" * 900 + "x.a > 3", "nested too deeply"),
        ("1 < 2", "'1 < 2' is always true"),
        ("true", "'true' names no channel; write device.channel"),
    ],
)
def test_what_is_not_allowed_is_named_with_its_remedy(text, problem):
    assert problem in problems(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "dor.active == true",
        "boiler-2.temperature > 3",
        "1 < x.a in (1, 2)",
        "mean(x.a, y) > 1",
        "30 < x.a < 20 and door.active",
        "x.a > 30 and x.a < 20 or x.a < 10",
    ],
)
def test_no_mistake_is_reported_twice(text):
    assert len(problems(text)) == 1


def test_all_problems_come_at_once():
    assert len(problems("x.c > 3 and x.a or 1 < door.active and x.a in x.b")) == 4


@pytest.mark.parametrize("text", ["not " * 240 + "door.active", "(" * 150 + "x.a > 3" + ")" * 150])
def test_deep_nesting_that_is_accepted_can_be_evaluated(text):
    assert parse(text, KNOWN)(Context({"door.active": 1, "x.a": 4})) is True


def test_without_any_channel_the_problem_says_so():
    assert problems("x.a > 3", {}) == ("'x.a' is not a channel; known: none",)


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("air.humidity > 120", "false: air.humidity stays within 0 to 100"),
        ("air.humidity > 100", "false"),
        ("air.humidity >= 100", ""),
        ("air.humidity < 0", "false"),
        ("air.humidity <= 0", ""),
        ("120 < air.humidity", "false"),
        ("air.humidity >= 0", "true"),
        ("air.humidity > 0", ""),
        ("air.humidity == 101", "false"),
        ("air.humidity != 101", "true"),
        ("air.humidity == 100", ""),
        ("0 <= air.humidity < 30", ""),
        ("0 <= air.humidity <= 100", "true"),
        ("30 < air.humidity < 0", "false"),
        ("air.temperature * 1.8 + 32 > 200", "false"),
        ("air.temperature * 1.8 + 32 > 180", ""),
        ("air.temperature > 1 / 2 * 180", "false"),
        ("-air.temperature > 40", "false"),
        ("air.temperature > boiler-1.temperature", ""),
        ("air.temperature - 100 > air.humidity", "false: air.temperature - 100 stays within"),
        ("air.temperature / air.humidity > 1e9", ""),
        ("x.a > 1e9", ""),
        ("1 == 2 or x.a > 3", "false"),
        ("rate(air.temperature, 10m) > 1", "false: rate(air.temperature, 10m) stays within -0.208"),
        ("rate(air.temperature, 10m, minute) > 1", ""),
        ("rate(air.temperature, 10m, minute) > 13", "false"),
        ("weekday != saturday and weekday != sunday", ""),
        ("x.a != 3 and x.a != 4", ""),
        ("0 < x.a < x.b or x.a <= 5", ""),
        ("(x.a > 30 or door.active) and (x.a < 20 or gate.active)", ""),
    ],
)
def test_a_comparison_that_ranges_have_decided_already_is_a_problem(text, always):
    if always:
        assert f"is always {always}" in problems(text)[0]
    else:
        assert parse(text, KNOWN)


bounds = st.floats(-1e6, 1e6)
spans = st.one_of(
    st.just(ANY), st.tuples(bounds, bounds).map(lambda pair: ValueRange(min(pair), max(pair)))
)


def inside(span, share):
    low, high = max(span.low, -1e9), min(span.high, 1e9)
    return min(max(low + share * (high - low), low), high)


@given(spans, spans, st.floats(0, 1), st.floats(0, 1), st.data())
def test_a_result_lies_within_the_range_that_was_calculated(left, right, one, other, data):
    operation = data.draw(
        st.sampled_from([operator.add, operator.sub, operator.mul, operator.truediv])
    )
    a, b = inside(left, one), inside(right, other)
    span = ranges.calculated(operation, left, right)
    assert (operation is operator.truediv and b == 0) or (span.low <= operation(a, b) <= span.high)


@given(spans, spans, st.floats(0, 1), st.floats(0, 1), st.data())
def test_what_is_decided_holds_for_every_value(left, right, one, other, data):
    comparisons = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
    comparison = data.draw(st.sampled_from(comparisons))
    a, b = inside(left, one), inside(right, other)
    assert ranges.decided(comparison, left, right) in {None, comparison(a, b)}


EVERYTHING = KNOWN | {
    "room.t": Known("numeric", -40, 85, "°C"),
    "fan": Known("binary"),
    "warm": Known(key="hot:warm"),
}
SYMBOLS = r"""( ) not and or < <= > >= == != = + - * / ** // % ~ & | ^ @ , . : ; # \ ` ' " '' ""
[ ] { } 1 0 2.5 1e9 1e400 0x1f 1_0 5m 26°C 60% 22:30 true None time weekday monday x x.c a-b.c é if
else for in is lambda yield await f"{x.a}" __import__('os') mean(x.a,5m) rate( age(x.a) stale("""
OPERANDS = """room.t x.a x.b warm fan door.active 26°C 26 5m 0 1e9 true time 22:30 weekday monday
age(x.a) age(room.t)>5m stale(x.a) mean(room.t,5m) rate(x.a,1m,hour) delta(x.a,1m)/x.b
count(door.active,1m) max(x.a,5m)*max(x.a,5m)"""
operands = st.sampled_from(OPERANDS.split())
words = st.sampled_from([*EVERYTHING, *SYMBOLS.split()])
comparisons = st.builds(
    "{} {} {}".format, operands, st.sampled_from(["<", ">=", "==", "!=", "+", "/"]), operands
)
texts = st.one_of(
    st.text(max_size=60),
    st.lists(words, max_size=14).map(" ".join),
    st.lists(operands | comparisons, min_size=1, max_size=3).map(" and ".join),
)
numbers = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.just(0.0))


def context_of(expression, values):
    """Return a context in which each window of the expression is full, if it has a value."""
    windows = {(one.channel, one.seconds): Window(one.seconds, 1e6) for one in expression.spans}
    for (channel, seconds), window in windows.items():
        for uptime in (0, round(seconds * 1e6)):
            window.add(uptime, values.get(channel, 0.0))
    return Context(values, Moment(10**15, 86_400_000_000, trusted=True), windows)


@pytest.mark.slow
@settings(max_examples=1000)
@given(texts, st.dictionaries(st.sampled_from(sorted(EVERYTHING)), numbers))
@example("1if door.active else x.a", {})
@example("x.a / x.b > x.a * x.b", {"x.a": 1e308, "x.b": 1e308})
@example("mean(x.a, 5m) * 1e300 > delta(x.a, 5m)", {"x.a": 1e308})
def test_any_text_is_an_expression_or_a_config_error_and_no_values_make_it_fail(text, values):
    try:
        expression = parse(text, EVERYTHING)
    except ConfigError:
        return
    assert expression.text == text
    assert expression(context_of(expression, values)) in {True, False, None}
    assert expression(context_of(expression, {})) in {True, False, None}


def test_a_good_part_of_these_texts_is_an_expression():
    chance = random.Random(1)
    good = 0
    for _ in range(1000):
        left, right = chance.choices(OPERANDS.split(), k=2)
        with suppress(ConfigError):
            good += parse(f"{left} < {right}", EVERYTHING).text != ""
    assert good > 100


def trees(leaves):
    joins = st.sampled_from(
        ["(({}) and ({}))", "(({}) or ({}))", "(({}) == ({}))", "(({}) != ({}))"]
    )
    return st.one_of(
        leaves.map("(not ({}))".format),
        st.builds(lambda join, a, b: join.format(a, b), joins, leaves, leaves),
    )


conditions = st.recursive(
    st.sampled_from(["x.a > 1", "x.b <= x.a", "x.a + x.b < 3", "door.active", "gate.active"]),
    trees,
    max_leaves=8,
)
VALUES = [
    {"x.a": a, "x.b": b, "door.active": d, "gate.active": 1 - d}
    for a in (0, 2)
    for b in (0, 2)
    for d in (0, 1)
]


@given(conditions, st.sampled_from(VALUES), st.sets(st.sampled_from(sorted(VALUES[0]))))
def test_a_missing_value_that_comes_in_never_changes_a_known_answer(text, values, missing):
    expression = parsed_or_rejected(text)
    answer = expression(
        Context({name: value for name, value in values.items() if name not in missing})
    )
    assert answer in {None, expression(Context(values))}


def parsed_or_rejected(text):
    try:
        return parse(text, KNOWN)
    except ConfigError:
        reject()  # what its parts decide together is no condition


levels = st.builds(
    "{} {} {}".format,
    st.sampled_from(["x.a", "x.b"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.integers(0, 4),
)
SPANS = ["1 < x.a <= 3", "3 >= x.b > 1", "x.a < x.b", "0 < x.a < x.b", "door.active"]


@settings(max_examples=400)
@given(
    st.recursive(levels | st.sampled_from(SPANS), trees, max_leaves=6),
    st.fixed_dictionaries({}, optional=dict.fromkeys(VALUES[0], st.integers(0, 4))),
)
def test_what_a_condition_implies_holds_and_what_breaks_it_decides_the_condition(text, values):
    expression = parsed_or_rejected(text)
    answer = expression(Context(values))
    for bounds, when in ((expression.implied.if_true, True), (expression.implied.if_false, False)):
        for piece, operation, value in bounds:
            broken = piece in values and not operation(values[piece], value)
            assert not broken or answer is (not when)
