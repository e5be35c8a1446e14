"""Each line of two lists in docs/rules.md: what an unknown does, and who is heard."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.events import Request

PAGE = (Path(__file__).parents[2] / "docs/rules.md").read_text()
FAN = {"fan": 1.0}
CLEAR = "water.t < 20"


class Case(NamedTuple):
    """A line of the table, what a rule is given, and what follows from air.t and water.t."""

    state: str
    unknown: str
    given: dict
    steps: list  # (second, air.t, water.t); None fails, ... is not measured
    alerts: list
    fan: list


UNKNOWN = [
    Case("inactive", "`when`", {}, [(0, None, ...)], [], [0]),
    Case(
        "pending (`for` runs)",
        "`when`",
        {"hold": 3},
        [(0, 31, ...), (1, None, ...), (4, 31, ...)],
        [(0, "pending"), (4, "firing")],
        [0, 1],
    ),
    Case(
        "pending (`for` runs)",
        "`when`",
        {"hold": 3},
        [(0, 31, ...), (1, None, ...), (2, 31, ...), (3, ..., ...)],
        [(0, "pending"), (3, "firing")],
        [0, 1],
    ),
    Case(
        "pending (`for` runs)",
        "`when`",
        {"hold": 3},
        [(0, 31, ...), (1, None, ...), (4, 20, ...)],
        [(0, "pending"), (4, "inactive")],
        [0],
    ),
    Case(
        "firing",
        "`when`, without `clear`",
        {},
        [(0, 31, ...), (1, None, ...), (2, ..., ...)],
        [(0, "firing")],
        [0, 1, 0],
    ),
    Case(
        "firing",
        "`when`, and `clear` is false",
        {"clear": CLEAR},
        [(0, ..., 25), (0, 31, ...), (1, None, ...), (2, ..., 25)],
        [(0, "firing")],
        [0, 1],
    ),
    Case(
        "firing",
        "`when`, and `clear` is true",
        {"clear": CLEAR},
        [(0, ..., 25), (0, 31, ...), (1, None, ...), (2, ..., 15)],
        [(0, "firing"), (2, "resolved")],
        [0, 1, 0],
    ),
    Case(
        "firing",
        "`clear`, and `when` holds",
        {"clear": CLEAR},
        [(0, ..., None), (0, 31, ...), (1, 32, ...)],
        [(0, "firing")],
        [0, 1],
    ),
    Case(
        "firing",
        "`clear`, and `when` does not hold",
        {"clear": CLEAR},
        [(0, 31, ...), (1, 20, ...), (2, ..., ...)],
        [(0, "firing")],
        [0, 1, 0],
    ),
    Case(
        "firing, `keep_firing_for` runs",
        "the condition",
        {"keep": 3},
        [(0, 31, ...), (1, 20, ...), (2, None, ...), (5, ..., ...)],
        [(0, "firing"), (4, "resolved")],
        [0, 1, 0],
    ),
    Case(
        "firing",
        "the condition, and then it has cleared",
        {"keep": 3},
        [(0, 31, ...), (1, None, ...), (3, 20, ...), (5, ..., ...)],
        [(0, "firing"), (4, "resolved")],
        [0, 1, 0, 1, 0],
    ),
]


def live(engine, steps):
    """Let devices measure `air.t` and `water.t` at some seconds."""
    for second, *values in steps:
        engine.wait(second - engine.clock.monotonic())
        for device, value in zip(("air", "water"), values, strict=True):
            if value is None:
                engine.measure(device, "timeout")
            elif value is not ...:
                engine.measure(device, t=value)


@pytest.mark.parametrize("case", UNKNOWN, ids=lambda case: f"{case.state}: {case.unknown}")
def test_an_unknown_does_what_its_line_in_the_table_says(stepped, rule, case):
    engine = stepped([rule(**case.given, settings=FAN)])
    live(engine, case.steps)
    assert [(second, state) for second, _, state in engine.alerts] == case.alerts
    assert engine.relays["fan"].applied == case.fan


def test_every_line_of_the_table_of_unknown_has_a_case():
    table = PAGE[PAGE.index("| the rule is | unknown is |") :].partition("\n\n")[0]
    lines = [tuple(map(str.strip, line.split("|")[1:3])) for line in table.splitlines()[2:]]
    assert lines == list(dict.fromkeys((case.state, case.unknown) for case in UNKNOWN))


HEARD = {}  # by the beginning of a line in the page


def heard(line):
    """Note a test as that of a line."""

    def noted(test):
        HEARD[line] = test.__name__
        return test

    return noted


def set_fan(engine, value):
    engine.inbox.put(Request("set", b'{"output": "fan", "value": "%s"}' % value, "answers"))
    engine.take()


def fan(engine):
    return engine.relays["fan"].applied


@heard("an `interlock` is never broken")
def test_even_a_safe_state_that_is_on_breaks_no_interlock(stepped, rule):
    vent = {"vent": Guard(safe=1.0, interlock=frozenset({"fan"}))}
    rules = [
        rule(settings={"vent": 0.0}),
        rule("water.t > 30", name="wet", settings=FAN, severity="critical"),
    ]
    engine = stepped(rules, outputs=("fan", "vent"), guards=vent)
    live(engine, [(1, 31, 31), (2, None, ...)])
    assert fan(engine) == [0, 1, 0]
    assert engine.relays["vent"].applied == [1, 0, 1]


@heard("if control is lost, outputs are safe at once")
def test_lost_control_is_a_veto_over_critical_rules_commands_and_times(stepped, rule):
    rules = [
        rule(settings=FAN, severity="info"),
        rule("water.t > 30", name="wet", settings=FAN, severity="critical"),
    ]
    engine = stepped(rules, guards={"fan": Guard(min_on=60)}, allowed=("set", "disable"))
    live(engine, [(1, 31, 31), (2, None, ...)])
    set_fan(engine, b"on")
    assert fan(engine) == [0, 1, 0]
    engine.inbox.put(Request("disable", b'{"rule": "hot"}', "answers"))
    engine.take()
    assert fan(engine) == [0, 1, 0, 1]


@heard("`max_on` switches an output off after that time")
def test_max_on_ends_what_min_on_and_a_critical_rule_want(stepped, rule):
    critical = rule(settings=FAN, severity="critical")
    engine = stepped([critical], guards={"fan": Guard(min_on=9, max_on=4)})
    live(engine, [(0, 31, ...), (3, None, ...), (3.5, 31, ...), (5, 31, ...), (7, 20, ...)])
    assert fan(engine) == [0, 1, 0, 1, 0]
    engine.measure(t=31)
    assert fan(engine) == [0, 1, 0, 1, 0, 1]


@heard("`min_on` and `min_off` delay a change")
def test_even_a_critical_rule_waits_for_min_on_and_min_off(stepped, rule):
    rules = [
        rule(settings=FAN, severity="info"),
        rule("water.t > 30", name="wet", settings={"fan": 0.0}, severity="critical"),
    ]
    engine = stepped(rules, guards={"fan": Guard(min_on=5, min_off=2)})
    live(engine, [(0, 31, ...), (1, 31, ...)])
    assert fan(engine) == [0]
    live(engine, [(2, 31, 31), (6.9, 31, 31)])
    assert fan(engine) == [0, 1]
    engine.wait(0.2)
    assert fan(engine) == [0, 1, 0]


@heard("a `critical` rule, then a command, then a `warning` rule, then an `info` rule")
@pytest.mark.parametrize(
    "severities, command, wins",
    [
        (("info", "warning"), None, 1),
        (("warning", "info"), b"off", None),
        (("critical", "warning"), b"off", 0),
        (("warning", "warning"), None, 0),
    ],
)
def test_the_strongest_is_heard_and_of_two_equal_ones_the_first(
    stepped, rule, severities, command, wins
):
    rules = [
        rule(name=f"r{n}", settings={"fan": 0.2 + n / 10}, severity=severity)
        for n, severity in enumerate(severities)
    ]
    engine = stepped(rules, allowed=("set",))
    engine.measure(t=31)
    if command:
        set_fan(engine, command)
    assert fan(engine)[-1] == (0 if wins is None else 0.2 + wins / 10)


@heard("otherwise `at_start`, until a rule or a command has set the output")
def test_an_output_has_its_value_of_a_start_until_it_is_set(stepped, rule):
    engine = stepped([rule(settings={"fan": 0.4})], guards={"fan": Guard(at_start=1.0)})
    live(engine, [(0, 20, ...), (1, 31, ...), (2, 20, ...)])
    assert fan(engine) == [1, 0.4, 0]


@heard("otherwise the `safe` state")
def test_an_output_that_none_asks_for_is_safe(stepped, rule):
    engine = stepped([rule(settings={"fan": 0.0})], guards={"fan": Guard(safe=1.0)})
    live(engine, [(0, 31, ...), (1, 20, ...)])
    assert fan(engine) == [1, 0, 1]


def test_every_line_of_who_is_heard_has_a_test():
    section = PAGE[PAGE.index("Priority, highest first:") :].partition("\n\n`edge/")[0]
    lines = re.findall(r"^\d\. ((?:.+\n?(?!\d\. ))+)", section, re.MULTILINE)
    starts = list(HEARD)
    assert len(lines) == len(starts)
    for line, start in zip(lines, starts, strict=True):
        assert " ".join(line.split()).startswith(start)
