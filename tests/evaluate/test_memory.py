import pytest

from edge_agent.clock import Moment
from edge_agent.evaluate.outputs.arbitration import Held
from edge_agent.evaluate.outputs.output_set import Order, OutputState
from edge_agent.evaluate.rules.rule import RuleState
from edge_agent.evaluate.saved_state import load_states, save_state

S = 1_000_000
THEN = Moment(1_000 * S, 500 * S, trusted=True)
PENDING = RuleState(
    "pending", since=490 * S, over_since=495 * S, firings=(480 * S,), told_at=490 * S
)


def recalled(now, boot, state=PENDING, moment=THEN):
    memory = save_state("rule/hot", state, moment, "boot-1")
    return load_states({memory.name: memory.data}, "rule/", type(state), now, boot)["hot"]


def test_in_the_same_boot_nothing_shifts():
    assert recalled(Moment(9, 9, trusted=True), "boot-1") == PENDING


def test_after_a_reboot_the_wall_clock_tells_how_long_ago_it_was():
    now = Moment(1_060 * S, 20 * S, trusted=True)  # 60 s later; the hold began 70 s ago
    found = recalled(now, "boot-2")
    assert (found.since, found.over_since) == (-50 * S, -45 * S)
    assert (found.firings, found.told_at) == ((-60 * S,), -50 * S)


@pytest.mark.parametrize(
    "now, moment",
    [
        (Moment(5, 20 * S, trusted=False), THEN),
        (Moment(1_060 * S, 20 * S, trusted=True), THEN._replace(trusted=False)),
        (Moment(900 * S, 20 * S, trusted=True), THEN),  # the clock was set back
    ],
)
def test_where_the_clock_cannot_tell_no_time_has_passed(now, moment):
    assert recalled(now, "boot-2", moment=moment).since == 10 * S


def test_an_order_ends_after_a_reboot_when_it_would_have():
    state = OutputState(Held(1.0, "command", 500 * S), Order(1.0, 530 * S))
    found = recalled(Moment(1_020 * S, 5 * S, trusted=True), "boot-2", state)
    assert found.order.until == 15 * S
    assert found.held.since == -15 * S


@pytest.mark.parametrize("data", [b"", b"[]", b'{"boot": 1}', b"\xff"])
def test_a_memory_that_cannot_be_read_is_left_out_and_logged(data, caplog):
    memory = save_state("rule/hot", PENDING, THEN, "b")
    found = load_states({"rule/bad": data, memory.name: memory.data}, "rule/", RuleState, THEN, "b")
    assert found == {"hot": PENDING}
    assert "the memory of rule/bad cannot be read" in caplog.text
