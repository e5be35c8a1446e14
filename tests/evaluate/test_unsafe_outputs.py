import pytest

from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.unsafe_outputs import UnsafeOutputs
from edge_agent.events import Switched

GUARDS = {"fan": Guard(), "valve": Guard(safe=1.0)}


@pytest.fixture
def alerts(moment):
    """A function: what follows from an output that is switched, as (name, state, message)."""

    def follow(unsafe, output, value, error=""):
        switched = Switched(output, value, "safe", moment(0), error)
        found = unsafe.alerts([switched], GUARDS)
        return [(one.rule, one.state, one.severity, one.message) for one in found]

    return follow


@pytest.mark.parametrize(("output", "safe"), [("fan", 0.0), ("valve", 1.0)])
def test_an_output_that_could_not_be_made_safe_is_one_alert_until_it_is_switched(
    alerts, output, safe
):
    unsafe, name = UnsafeOutputs(), f"output-{output}"
    message = f"{output} could not be made safe: stuck"
    assert alerts(unsafe, output, safe, "stuck") == [(name, "firing", "critical", message)]
    assert alerts(unsafe, output, safe, "another error") == []
    assert alerts(unsafe, output, 1 - safe, "stuck") == []
    assert alerts(unsafe, output, 1 - safe) == [(name, "resolved", "critical", "")]
    assert alerts(unsafe, output, safe) == []


def test_an_output_that_could_not_leave_its_safe_state_is_no_alert(alerts):
    assert alerts(UnsafeOutputs(), "fan", 1.0, "stuck") == []
    assert alerts(UnsafeOutputs(), "valve", 0.0, "stuck") == []


def test_an_alert_from_before_a_restart_does_not_fire_again_and_is_resolved(alerts):
    unsafe = UnsafeOutputs(["hot", "output-fan"])
    assert alerts(unsafe, "fan", 0.0, "stuck") == []
    assert alerts(unsafe, "fan", 0.0) == [("output-fan", "resolved", "critical", "")]


def test_a_removed_output_was_to_be_safe(alerts):
    assert len(alerts(UnsafeOutputs(), "removed", 0.0, "stuck")) == 1
