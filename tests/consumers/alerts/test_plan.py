"""Files of fleet rules: what they may say, and what is said of mistakes."""

import re

import pytest

from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from tests.consumers.alerts.conftest import rule


def mistakes(plan, text):
    with pytest.raises(ConfigError) as found:
        plan(text)
    return [line.split("rules.toml:")[1] for line in found.value.problems]


@pytest.mark.parametrize(
    ("when", "what"),
    [
        (
            "air.temperature > 30",
            "'air.temperature' names no node; write any(node).air.temperature",
        ),
        ("any(node).air.temperature", "is a number, not a condition"),
        (
            "count(nodes with a.b > 3)",
            "is a number; compare it, as in count(nodes with a.b > 3) >= 2",
        ),
        ("count(nodes with a.b > 3) >= 0", "is never below 0"),
        ("any(nodes with any(nodes with a.b > 3))", "has a clause within a clause"),
        ("any(nodes with node-1.a.b > 3)", "is the same for every node"),
        ("any(nodes with any(node).a.b > 3)", "is within a clause; write a.b"),
        ("any(nodes with a.b > 3", "a parenthesis is not closed"),
        ("silent(node)", "is not understood; write silent(node) for 10m"),
        ("late(node) for 10m", "is not understood; write late(node)"),
        ("disconnected(node) for 10m", "write disconnected(source) for 10m"),
        ("disconnected(source)", "write disconnected(source) for 10m"),
        ("mean(any(nodes with a.b > 3), 10m) > 3", "needs a numeric channel"),
        ("count(any(nodes with a.b > 3), 10m) > 3", "is not a channel"),
        ("any(node).air.temperature > 26 °C", "declare the unit in [[channel]]"),
        ("greenhouse.air.temperature = 26", "write == to compare"),
        ("true", "names no channel"),
    ],
)
def test_a_mistake_in_a_condition_is_named_with_its_line(plan, when, what):
    (mistake,) = mistakes(plan, "\n" + rule(when))
    assert re.match(r"4(:\d+)?: rule\.hot\.when = ", mistake)
    assert what in mistake


@pytest.mark.parametrize(
    ("when", "more", "what"),
    [
        ("silent(node) for 10m", 'clear = "silent(node) for 10m"', "clear = .*never ends"),
        ("any(node).a.b > 3", 'clear = "any(node).a.b > 4"', "clear = .*never ends"),
        ("22:00 <= time < 6:00 and any(node).a.b > 3", 'for = "9h"', "for = .*8h at most"),
    ],
)
def test_a_rule_that_never_fires_or_ends_is_refused(plan, when, more, what):
    (mistake,) = mistakes(plan, "\n" + rule(when, more))
    assert re.match(rf"5: rule\.hot\.{what}", mistake)


def test_every_mistake_is_named_with_its_line(plan):
    text = 'zone = "Nowhere"\nmax_age = "0s"\n'
    text += rule("any(node).a.b > 3", 'set = { fan = "on" }') + rule("late(node)")
    found = mistakes(plan, text + '[[rule]]\nwhen = "late(node)"\n')
    assert [int(line.split(":")[0]) for line in found] == [1, 2, 6, 8, 11]


def test_a_mistake_in_a_clause_is_named_with_its_line_and_column(plan):
    when = 'when = """\nsilent(node) for 10m\n  and any(nodes with\n  a.b > 3 &&  a.c > 3)"""'
    (mistake,) = mistakes(plan, f'[[rule]]\nname = "hot"\n{when}\n')
    assert mistake.startswith("6:11: rule.hot.when = ")


def test_a_channel_may_be_declared_with_its_unit_and_kind(fleet):
    text = '[[channel]]\nname = "air.temperature"\nunit = "°C"\n'
    text += '[[channel]]\nname = "door.active"\nkind = "binary"\nmax_age = "1m"\n'
    hot = fleet(text + rule("any(node).air.temperature > 30 °C and any(node).door.active"))
    hot.send(device="door", active=1).send(temperature=31)
    assert hot.reported() == [("hot", "a", "firing")]


def test_a_unit_that_is_declared_is_checked(plan):
    text = '[[channel]]\nname = "air.temperature"\nunit = "°C"\n'
    (mistake,) = mistakes(plan, text + rule("any(node).air.temperature > 30 h"))
    assert "mixes units" in mistake


def test_a_value_is_current_for_the_time_that_its_channel_declares(fleet):
    text = '[[channel]]\nname = "door.active"\nkind = "binary"\nmax_age = "10s"\n'
    held = fleet(text + rule("any(node).door.active", **{"for": "20s"}))
    held.send(device="door", active=1).wait(30)
    assert held.reported() == [("hot", "a", "pending")]


def test_the_time_of_day_is_that_of_the_zone(fleet):
    night = rule("any(node).air.temperature > 30 and 8:00 <= time < 9:00")
    fired = {
        zone: fleet(f'zone = "{zone}"\n{night}').send(temperature=31).reported()
        for zone in ("UTC", "Asia/Tokyo")
    }
    assert fired == {"UTC": [("hot", "a", "firing")], "Asia/Tokyo": []}


@pytest.mark.parametrize(
    "when",
    [
        "greenhouse.air.temperature > 30",
        "any(node).air.temperature > 30",
        "count(nodes with air.temperature > 30) >= 2",
        "silent(greenhouse) for 10m",
    ],
)
def test_a_fleet_expression_is_a_mistake_in_the_configuration_of_an_agent(when):
    with pytest.raises(ConfigError):
        parse(when, {"air.temperature": Known()})


@pytest.mark.parametrize("when", ["count(nodes with a.b > 3) >= 2", "silent(node) for 10m"])
def test_an_agent_says_where_a_fleet_expression_belongs(when):
    with pytest.raises(ConfigError, match="edge-consumer alerts"):
        parse(when, {"air.temperature": Known()})
