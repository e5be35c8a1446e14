import pytest

from simulators import vhci
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.ds18b20 import DS18B20
from simulators.ds2490 import DS2490
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.onewire import Thermometer, Wire
from simulators.sht4x import SHT4x
from simulators.sysfs import SimulatedW1
from simulators.usbip import Server

STATUS = """hub port sta spd dev      sockfd local_busid
hs  0000 006 002 00010001 000003 1-1
hs  0001 004 000 00000000 000000 0-0
ss  0008 004 000 00000000 000000 0-0
"""


@pytest.fixture
def hub(tmp_path):
    hub = tmp_path / "devices/platform/vhci_hcd.0"
    hub.mkdir(parents=True)
    (hub / "status").write_text(STATUS)
    return hub


@pytest.fixture
def controller(tmp_path, hub):
    return vhci.Vhci(tmp_path)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def bus(clock):
    bus = SimulatedBus(clock)
    bus.attach(0x44, SHT4x(clock))
    return bus


@pytest.fixture
def wire(clock):
    files = SimulatedW1()
    files.attach(DS18B20(clock, "28-0316a2794aff"))
    return Wire(
        [Thermometer("28-0316a2794aff", files.directory("28-0316a2794aff") / "w1_slave", clock)]
    )


@pytest.fixture
def server(bus, wire):
    server = Server([I2cTinyUsb("first", bus), DS2490("second", wire)])
    server.start()
    yield server
    server.close()
