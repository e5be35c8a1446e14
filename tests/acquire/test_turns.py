from itertools import pairwise

import pytest

from drivers.base.pins import PinPort
from drivers.hcsr04 import CYCLE_SECONDS, HCSR04
from edge_agent.acquire.cycle import Cycle
from simulators import hcsr04
from simulators.hardware import SimulatedHardware


@pytest.fixture
def pingers(bus, clock):
    """A function: so many distance sensors in one room, and the moments of all their pings."""

    def connect(count):
        hardware, pings, devices = SimulatedHardware(clock), [], {}
        for n in range(count):
            options = {"echo": 16 + n}
            model = hardware.attach(f"tank{n}", hcsr04.HCSR04, pin=2 + n, options=options)
            model._ping = heard(model, n, pings, clock)
            sensor = HCSR04(PinPort(hardware.pins(), 2 + n, f"tank{n}@gpio"), **options)
            devices[f"tank{n}"] = (sensor, 1)
        bus.connect(**devices)
        return pings

    def heard(model, n, pings, clock):
        ping = model._ping

        def note(sent):
            pings.append((clock.monotonic(), n))
            ping(sent)

        return note

    yield connect
    bus.inbox.put(None)
    bus.worker.run()


def test_sensors_that_share_the_air_never_hear_each_other(bus, pingers):
    pings = pingers(4)
    bus.run(20)
    assert {n for _, n in pings} == {0, 1, 2, 3}
    for (before, one), (after, other) in pairwise(pings):
        assert one == other or after - before >= CYCLE_SECONDS
    assert set(bus.qualities()) == {"good"}
    assert len(bus.readings) >= 4 * 19


def test_a_sensor_that_fails_hands_its_turn_on(bus, pingers):
    pingers(2)
    bus.worker._cycles[0].device.driver._echo.level = lambda: True  # no ping ends well
    bus.run(10)
    assert "good" not in bus.qualities("tank0")
    assert bus.qualities("tank1").count("good") >= 9


def test_only_a_driver_that_asks_for_it_takes_turns(bus, chip):
    bus.connect(a=(chip(conversion=0.7), 10), b=(chip(conversion=0.5), 10)).run(1)
    assert all(isinstance(cycle, Cycle) and not cycle.shared for cycle in bus.worker._cycles)
    assert bus.moments("a") == pytest.approx([0.7])
