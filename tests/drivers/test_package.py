"""`drivers` itself: three lines in the REPL read any sensor."""

import errno
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from gpiozero.pins.mock import MockFactory

import drivers
from drivers.base import i2c, pins
from drivers.base.errors import TransferFailed
from drivers.ds18b20 import DS18B20
from drivers.load import Load
from drivers.max31855 import MAX31855
from drivers.relay import Relay
from drivers.sht4x import SHT4x
from simulators import max31855, sht4x
from simulators.bus import SimulatedBus
from simulators.spi import SimulatedSPI


def test_every_offered_name_exists_and_no_other():
    assert all(callable(getattr(drivers, name)) for name in drivers.__all__)
    with pytest.raises(AttributeError, match="no attribute 'open_can'"):
        _ = drivers.open_can


def test_importing_the_package_loads_no_bus():
    code = "import drivers, sys; assert not {'smbus2', 'gpiozero', 'serial'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_i2c_chip_is_read(monkeypatch, clock):
    bus, model = SimulatedBus(clock), sht4x.SHT4x(clock)
    bus.attach(0x44, model)
    model.set("temperature", 21.5)
    monkeypatch.setattr(i2c, "SMBus", {1: bus}.get)
    values = drivers.read(SHT4x(drivers.open_i2c(1, 0x44)), clock.sleep)
    assert values["temperature"] == pytest.approx(21.5, abs=0.01)


def test_an_spi_chip_is_read(monkeypatch, clock):
    model = max31855.MAX31855(clock)
    model.set("temperature", 100)
    clock.sleep(1)
    line = SimulatedSPI(model, [])
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda *_: line))
    assert drivers.read(MAX31855(drivers.open_spi(0, 1)), clock.sleep)[
        "temperature"
    ] == pytest.approx(100, abs=0.25)


def test_a_port_of_spi_names_its_chip_select(monkeypatch):
    def broken(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    line = SimpleNamespace(xfer2=broken)
    monkeypatch.setitem(sys.modules, "spidev", SimpleNamespace(SpiDev=lambda *_: line))
    with pytest.raises(TransferFailed, match="spi-0:1: "):
        drivers.open_spi(0, 1).transfer(b"\0")


def test_what_a_serial_sensor_says_is_read():
    ours, theirs = os.openpty()
    port = drivers.open_serial(os.ttyname(theirs))
    port.write(b"\xff\x01")
    assert os.read(ours, 2) == b"\xff\x01"
    os.close(ours)
    os.close(theirs)


def test_a_1_wire_thermometer_is_read(tmp_path, clock):
    frame = "72 01 4b 46 7f ff 0e 10 57"
    device = tmp_path / "28-0316a4c8ffee"
    device.mkdir()
    (device / "name").write_text(f"{device.name}\n")
    (device / "w1_slave").write_text(f"{frame} : crc=57 YES\n{frame} t=23125\n")
    values = drivers.read(DS18B20(drivers.open_w1(device.name, tmp_path)), clock.sleep)
    assert values == {"temperature": 23.125}


def test_a_file_of_the_kernel_is_read(clock):
    assert drivers.read(Load(drivers.open_linux()), clock.sleep).keys() >= {"load_1min"}


def test_a_pin_is_switched_and_all_pins_share_one_factory(monkeypatch):
    factory = MockFactory()
    monkeypatch.setattr(pins, "open_pins", lambda: factory)
    pins._shared_pins.cache_clear()
    relay, other = Relay(drivers.open_pin(17)), Relay(drivers.open_pin(27))
    relay.apply(1)
    other.apply(0)
    assert (relay.state(), other.state()) == (1, 0)
    assert factory.pin(17).state
    pins._shared_pins.cache_clear()
    factory.reset()
