"""What an output does from a start until a rule or a command sets it."""

import pytest

from edge_agent.evaluate.outputs.arbitration import Guard, Held
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.output_state import Order, OutputState
from edge_agent.evaluate.outputs.switching import GuardedOutput

ON = Guard(at_start=1.0)


@pytest.fixture
def started(relay):
    """A function: the outputs after a start with a guard, in which a command was in force."""

    def start(guard):
        held = OutputState(Held(0.5, "command", 0), Order(0.5, 60_000_000))
        return OutputSet([GuardedOutput("fan", relay, guard)], {"fan": held})

    return start


def reported(events):
    return [(event.value, event.by) for event in events]


@pytest.mark.parametrize(
    "guard, expected",
    [
        (Guard(continuous=True), (0.5, "command")),
        (Guard(at_start=0.0), (0, "safe")),
        (ON, (1, "at_start")),
        (Guard(at_start=0.3, continuous=True), (0.3, "at_start")),
        (Guard(safe=1.0, at_start=0.0), (0, "at_start")),
    ],
)
def test_a_start_continues_what_was_commanded_or_chooses_a_value(started, moment, guard, expected):
    assert reported(started(guard).follow([], moment(1))) == [expected]


def test_an_output_is_safe_after_the_first_command_has_ended(started, moment):
    outputs = started(ON)
    outputs.follow([], moment(0))
    outputs.order("fan", Order(1.0, moment(2).uptime))
    assert reported(outputs.follow([], moment(1))) == [(1, "command")]
    assert reported(outputs.follow([], moment(2))) == [(0, "safe")]


def test_a_command_that_ends_all_commands_ends_it(started, moment):
    outputs = started(ON)
    outputs.follow([], moment(0))
    outputs.order("fan", None)
    assert reported(outputs.follow([], moment(1))) == [(0, "safe")]


def test_a_command_without_effect_does_not_end_it(started, moment):
    outputs = started(ON)
    outputs.follow([], moment(0))
    before = outputs.order("fan", Order(0.0, moment(9).uptime))
    outputs.follow([], moment(1))
    outputs.withdraw("fan", before)
    assert reported(outputs.follow([], moment(2))) == [(1, "at_start")]


def test_lost_control_ends_it(started, moment, rule):
    outputs = started(ON)
    lost = rule(settings={"fan": 1.0})
    assert reported(outputs.follow([], moment(0), unknown=[lost])) == [(0, "safe")]
    assert reported(outputs.follow([], moment(1))) == []


def test_an_output_that_is_removed_and_added_again_is_safe(started, relay, moment):
    outputs = started(ON)
    outputs.follow([], moment(0))
    outputs.remove(["fan"], moment(1))
    outputs.take(GuardedOutput("fan", relay, ON))
    assert reported(outputs.follow([], moment(2)))[-1] == (0, "safe")
