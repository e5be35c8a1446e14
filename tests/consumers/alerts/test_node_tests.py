"""What a rule may ask of a node itself, and the built-in rules that do."""

import pytest

from tests.consumers.alerts.conftest import SECOND, START, Fleet, rule

UNSET = {"clock": "unsynchronised"}

SILENT = rule("silent(node) for 10m")


def test_a_node_that_sends_nothing_is_silent(fleet):
    one = fleet(SILENT).send("a", temperature=1).send("b", temperature=1).wait(599)
    one.send("b", temperature=1).wait(1)
    assert one.reported() == [("hot", "a", "firing")]
    one.send("a", temperature=1).wait(1)
    assert one.reported() == [("hot", "a", "resolved")]


def test_late_events_and_other_kinds_end_a_silence(fleet):
    one = fleet(SILENT).send(temperature=1).wait(600)
    one.send(temperature=1, late=3600).wait(1)
    assert [state for _, _, state in one.reported()] == ["firing", "resolved"]


def test_a_node_that_has_to_exist_is_silent_if_it_was_never_heard(fleet):
    one = fleet('nodes = ["cellar"]\n' + SILENT).wait(599)
    assert one.reported() == []
    assert one.wait(1).reported() == [("hot", "cellar", "firing")]


def test_a_named_node_may_be_silent(fleet):
    one = fleet(rule("silent(green-house) for 1m")).send("a", temperature=1).wait(60)
    assert one.reported() == [("hot", "", "firing")]


def test_nodes_that_are_silent_are_counted(fleet):
    one = fleet(rule("count(nodes with silent(node) for 1m) >= 2"))
    one.send("a", x=1).send("b", x=1).send("c", x=1).wait(50).send("c", x=1).wait(10)
    (fired,) = one.transitions()
    assert fired.nodes == ("a", "b")


def test_after_a_restart_a_node_is_silent_only_once_we_have_listened(fleet, plan):
    one = fleet(SILENT).send(temperature=1)
    again = Fleet(plan("builtin = []\n" + SILENT), one.saved(), START + 3600 * SECOND)
    assert again.wait(599).reported() == []
    assert again.wait(1).reported() == [("hot", "a", "firing")]


def test_a_restart_does_not_end_the_alert_of_a_silent_node(fleet, plan):
    one = fleet(SILENT).send(temperature=1).wait(600)
    again = Fleet(plan("builtin = []\n" + SILENT), one.saved(), one.now + SECOND)
    assert again.wait(1).reported() == []
    assert again.send(temperature=1).wait(1).reported() == [("hot", "a", "resolved")]


def test_events_of_a_node_are_lost_for_a_time(fleet):
    one = fleet(rule("lost(node) within 1h")).send("a", x=1).send("b", x=1)
    one.engine.nodes.lose("a", one.now)
    assert one.wait(1).reported() == [("hot", "a", "firing")]
    assert one.wait(3600).reported() == [("hot", "a", "resolved")]


@pytest.mark.parametrize("event", [{"late": -61}, {"attributes": UNSET}])
def test_a_clock_is_off_that_is_ahead_or_not_set(fleet, event):
    one = fleet(rule("clock_off(node)")).send(x=1, **event).wait(1)
    assert one.reported() == [("hot", "a", "firing")]
    assert one.send(x=1).wait(1).reported() == [("hot", "a", "resolved")]


def test_a_node_is_late_while_its_events_are(fleet):
    one = fleet(rule("late(node)")).send(x=1, late=301).wait(1)
    assert one.reported() == [("hot", "a", "firing")]
    assert one.send(x=1, late=300).wait(1).reported() == [("hot", "a", "resolved")]


def test_a_device_fails_that_has_no_right_reading_for_a_time(fleet):
    one = fleet(rule("failing(node) for 1h", message="{node}: {devices}"))
    one.send(quality="no_acknowledge").send(device="pump", flow=1).wait(3599)
    one.send(quality="no_acknowledge").wait(1)
    assert [(t.state, t.message) for t in one.transitions()] == [("firing", "a: air")]
    assert one.send(temperature=1).wait(1).reported() == [("hot", "a", "resolved")]


@pytest.fixture
def everything(plan):
    """A fleet with the built-in rules alone."""
    return Fleet(plan('nodes = ["gone"]\n'))


def test_the_built_in_rules_find_what_is_wrong_with_nodes(everything):
    for _ in range(121):
        everything.send("bad", quality="no_acknowledge").send("off", x=1, attributes=UNSET)
        everything.send("behind", x=1, late=400).send("good", x=1).wait(30)
        everything.engine.nodes.lose("lossy", everything.now)
    fired = {(rule, node) for rule, node, state in everything.reported() if state == "firing"}
    assert fired == {
        ("node_silent", "gone"),
        ("events_lost", "lossy"),
        ("clock_off", "off"),
        ("events_late", "behind"),
        ("device_failing", "bad"),
        ("node_silent", "lossy"),
    }


def test_a_built_in_rule_can_be_switched_off_or_replaced(plan):
    text = 'builtin = ["node_silent", "clock_off"]\n' + rule(
        "silent(node) for 2h", name="node_silent"
    )
    rules = {one.name: one.rule.when.text for one in plan(text).rules}
    assert rules == {"node_silent": "silent(node) for 2h", "clock_off": "clock_off(node)"}
