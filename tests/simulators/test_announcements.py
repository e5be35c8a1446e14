"""The faults of a scenario are announced before the agent can notice them."""

import pytest

from simulators.announcements import FaultAnnouncer
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware
from simulators.scenario import PlannedFault, Scenario
from simulators.sht4x import SHT4x


@pytest.fixture
def announced():
    """A function: what is said, by second, of a scenario with these faults."""

    def run(*faults, seconds=20):
        clock, said = VirtualClock(), []
        began = clock.monotonic()
        hardware = SimulatedHardware(clock, Scenario(faults=faults))
        hardware.attach("air", SHT4x)
        announcer = FaultAnnouncer(
            hardware.faults, lambda text: said.append((clock.monotonic() - began, text))
        )
        for _ in range(seconds):
            announcer.step()
            clock.advance(1)
        hardware.close()
        return said

    return run


def test_a_fault_is_announced_a_second_ahead_and_so_is_its_end(announced):
    fault = PlannedFault("unplug", {"at": 5.0, "lasts": 10.0}, "air")
    assert announced(fault) == [
        (4, "scenario: air: unplug, for 10 s"),
        (15, "scenario: air: unplug ends"),
    ]


def test_one_that_stays_says_so(announced):
    fault = PlannedFault("unplug", {"at": 5.0}, "air")
    assert announced(fault) == [(4, "scenario: air: unplug, stays")]


def test_a_scenario_without_faults_is_silent(announced):
    assert announced() == []
