import pytest

from simulators.clock import VirtualClock
from simulators.contact import Contact
from simulators.ds18b20 import DS18B20
from simulators.model import I2CModel, Range


class Thermometer(I2CModel):
    """A chip that answers with its temperature in m°C, and forgets nothing."""

    addresses = (0x76, 0x77)
    inputs = {"temperature": Range(-40, 85, 0.001), "humidity": Range(0, 100, 0.01)}
    quiet = {"temperature": 21.0, "humidity": 40.0}

    def power_on(self):
        pass

    def write(self, data):
        pass

    def read(self, count):
        return round(self.values["temperature"] * 1000).to_bytes(count, "big", signed=True)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def devices():
    return {"air": Thermometer, "water": DS18B20, "door": Contact}


@pytest.fixture
def thermometer():
    return Thermometer
