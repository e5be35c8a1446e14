"""A hundred thousand commands: whatever is sent, only the documented errors come."""

import json
import random
from contextlib import suppress

import pytest

from edge_agent.errors import CommandError
from edge_agent.evaluate.commands.command import KINDS, parse
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse as parse_expression
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Request

COUNT = 100_000
BURST, PER_SECOND = 10, 2  # commands that the executor takes at once, and later
KNOWN = {"air.t": Known("numeric", -40, 85, "°C"), "warm": Known(key="hot:warm")}
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


def test_any_bytes_are_a_command_or_a_command_error():
    chance = random.Random(2)
    good = 0
    for _ in range(COUNT):
        name = chance.choice([*KINDS, "boom", "", "a/b"])
        with suppress(CommandError):
            good += parse(name, payload(chance)).name == name
    assert good > COUNT / 100


@pytest.mark.parametrize("allowed", [tuple(KINDS), ("read", "diagnostics")])
def test_whatever_is_sent_is_answered_and_what_is_not_allowed_has_no_effect(stepped, allowed):
    chance = random.Random(3)
    when = parse_expression("air.t > warm", KNOWN)
    engine = stepped(
        [Rule("hot", when, settings={"fan": 1.0}, thresholds={"warm": 30})], allowed=allowed
    )
    engine.measure(t=20)
    for _ in range(COUNT // BURST):
        for _ in range(BURST):
            engine.inbox.put(Request(chance.choice([*KINDS, "boom"]), payload(chance), "answers"))
        engine.take()
        engine.clock.advance(BURST / PER_SECOND)  # as fast as commands are allowed
    assert len(engine.answers) >= COUNT
    if "set" not in allowed:
        assert engine.relays["fan"].applied == [0.0]
        assert engine.alerts == []
    engine.measure(t=21)
    assert engine.readings[-1].values == {"t": 21}
