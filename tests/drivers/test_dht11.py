import pytest

from drivers.base.driver import read
from drivers.base.errors import WrongChip
from drivers.base.linux import LinuxPort
from drivers.dht11 import DHT11
from edge_agent.testing import SensorContract
from simulators import dht11, dht22
from simulators.clock import VirtualClock
from simulators.linux import SimulatedKernel


class TestContract(SensorContract):
    driver = DHT11
    model = dht11.DHT11
    patience = DHT11.deadline


def measured(model, **air):
    kernel = SimulatedKernel(model.clock.monotonic)
    kernel.attach(model)
    for channel, value in air.items():
        model.set(channel, value)
    return read(DHT11(LinuxPort(kernel, "air")), model.clock.sleep)


# Manual, the example of 5.2: 53 % and 24 °C
def test_the_frame_of_the_manual_is_humidity_and_temperature():
    assert measured(dht11.DHT11(VirtualClock()), humidity=53, temperature=24) == {
        "humidity": 53,
        "temperature": 24,
    }


def test_tenths_are_those_of_a_dht22():
    with pytest.raises(WrongChip, match=r'24\.3 °C and 53 %: .*write driver = "dht22"'):
        measured(dht22.DHT22(VirtualClock()), humidity=53, temperature=24.3)


@pytest.mark.parametrize("humidity", [19, 91])
def test_humidity_that_a_dht11_does_not_measure_is_absent(humidity):
    found = measured(dht11.DHT11(VirtualClock()), humidity=humidity, temperature=24)
    assert found.keys() == {"temperature"}
