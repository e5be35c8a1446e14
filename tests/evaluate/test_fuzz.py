"""A hundred thousand of each: whatever is written or sent, only the documented errors come."""

import json
import random
from contextlib import suppress

import pytest

from edge_agent.errors import CommandError, ConfigError
from edge_agent.evaluate.commands.command import KINDS, parse
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse as parse_expression
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Request

COUNT = 100_000
KNOWN = {
    "air.t": Known("numeric", -40, 85, "°C"),
    "a-b.x": Known("binary"),
    "fan": Known("binary"),
    "warm": Known(key="hot:warm"),
}
WORDS = [
    "(",
    ")",
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "<",
    ">",
    "=",
    ",",
    ".",
    "==",
    "<=",
    ">=",
    "!=",
    "and",
    "or",
    "not",
    "air.t",
    "a-b.x",
    "fan",
    "warm",
    "5m",
    "26°C",
    "60%",
    "22:30",
    "1e9",
    "0",
    "mean(air.t,5m)",
    "rate(",
    "age(air.t)",
    "stale(",
    "time",
    "weekday",
    "monday",
    "true",
    "None",
    "x",
    '""',
    "''",
    "[",
    "]",
    "{",
    "}",
    "lambda",
    ":",
    "#",
    "é",
    "\\",
    "`",
    "@",
    "**",
    "//",
    "%",
    "~",
    "&",
    "|",
    "^",
    "if",
    "else",
    "for",
    "in",
    "is",
    "yield",
    "await",
    'f"{air.t}"',
    "__import__('os')",
    "0x1f",
    "1_0",
    "1e400",
    ";",
]
KEYS = ["id", "expires", "device", "output", "value", "for", "rule", "threshold", "surprise"]
SCALARS = ["air", "fan", "hot", "warm", "on", "off", "auto", "", "é" * 70, 0, 1, -1, 0.5, 1e308]
SCALARS += [10**30, True, False, None, "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "\x00"]


def payload(chance):
    """Bytes: nonsense, JSON of any shape, or nearly a command."""
    kind = chance.randrange(10)
    if kind == 0:
        return chance.randbytes(chance.randrange(40))
    if kind == 1:
        return b"[" * chance.randrange(5000)
    table = {key: value(chance) for key in chance.sample(KEYS, chance.randrange(5))}
    text = json.dumps(table if kind > 2 else value(chance)).encode()
    return text[: chance.randrange(len(text) + 1)] if kind == 3 else text


def value(chance, depth=0):
    if depth < 2 and chance.random() < 0.1:
        return [value(chance, depth + 1) for _ in range(chance.randrange(3))]
    if depth < 2 and chance.random() < 0.05:
        return {chance.choice(KEYS): value(chance, depth + 1)}
    return chance.choice(SCALARS)


def test_any_text_is_an_expression_or_a_config_error():
    chance = random.Random(1)
    good = 0
    for _ in range(COUNT):
        text = " ".join(chance.choices(WORDS, k=chance.randrange(1, 12)))
        with suppress(ConfigError):
            good += parse_expression(text, KNOWN).text == text
    assert good > COUNT / 1000


def test_any_bytes_are_a_command_or_a_command_error():
    chance = random.Random(2)
    good = 0
    for _ in range(COUNT):
        name = chance.choice([*KINDS, "boom", "", "a/b"])
        with suppress(CommandError):
            good += parse(name, payload(chance)).name == name
    assert good > COUNT / 100


@pytest.mark.parametrize("allowed", [tuple(KINDS), ("read", "diagnostics")])
def test_whatever_is_sent_is_answered_and_what_is_not_allowed_has_no_effect(bench, allowed):
    chance = random.Random(3)
    when = parse_expression("air.t > warm", KNOWN)
    b = bench([Rule("hot", when, settings={"fan": 1.0}, thresholds={"warm": 30})], allowed=allowed)
    b.measure(t=20)
    for _ in range(COUNT // 100):
        for _ in range(100):
            b.inbox.put(Request(chance.choice([*KINDS, "boom"]), payload(chance), "answers"))
        b.engine.take(0)
    assert len(b.answers) >= COUNT
    if "set" not in allowed:
        assert b.relays["fan"].applied == [0.0]
        assert b.alerts == []
    b.measure(t=21)
    assert b.readings[-1].values == {"t": 21}
