import pytest

from drivers.base.driver import read
from drivers.base.errors import BusMissing
from drivers.base.linux import LinuxPort
from drivers.thermal import Thermal
from edge_agent.testing import SensorContract
from simulators import thermal
from simulators.clock import VirtualClock
from simulators.linux import SimulatedKernel


class TestContract(SensorContract):
    driver = Thermal
    model = thermal.Thermal


@pytest.fixture
def port():
    """Two zones, of which the second is not the processor's."""
    kernel = SimulatedKernel(lambda: 0.0)
    for number, zone in enumerate(("cpu-thermal", "rp1_adc")):
        model = thermal.Thermal(VirtualClock(), number, zone=zone)
        model.set("temperature", 40 + number / 8)
        kernel.attach(model)
    return LinuxPort(kernel, "cpu")


@pytest.mark.parametrize("zone, celsius", [("cpu-thermal", 40.0), ("rp1_adc", 40.125)])
def test_a_zone_is_found_by_its_type(port, zone, celsius):
    assert read(Thermal(port, zone=zone), lambda _: None) == {"temperature": celsius}


def test_a_zone_that_is_not_there_names_those_that_are(port):
    with pytest.raises(BusMissing, match=r"no thermal zone 'gpu' .*: cpu-thermal, rp1_adc"):
        read(Thermal(port, zone="gpu"), lambda _: None)
