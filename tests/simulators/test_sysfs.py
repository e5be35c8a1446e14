import pytest

from simulators.clock import VirtualClock
from simulators.ds18b20 import DS18B20, FORGOTTEN_AFTER
from simulators.sysfs import SimulatedW1

ID = "28-0316a4c8ffee"
OTHER = "28-0000055f1020"


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def bus():
    return SimulatedW1()


@pytest.fixture
def chip(clock, bus):
    chip = DS18B20(clock, ID)
    bus.attach(chip)
    return chip


def test_a_device_says_its_name_and_its_frame_as_the_kernel_writes_them(bus, chip):
    chip.set("temperature", 25.0625)
    directory = bus.directory(ID)
    assert (directory / "name").read_text() == f"{ID}\n"
    assert (directory / "w1_slave").read_text(encoding="ascii") == (
        "91 01 4b 46 7f ff 0f 10 25 : crc=25 YES\n91 01 4b 46 7f ff 0f 10 25 t=25062\n"
    )


def test_a_file_is_read_again_every_time(bus, chip):
    file = bus.directory(ID) / "w1_slave"
    before = file.read_text()
    chip.set("temperature", -10.125)
    assert before != file.read_text()
    assert "t=-10125" in file.read_text()


def test_paths_are_those_of_a_pi(bus):
    assert str(bus.directory(ID)) == f"/sys/bus/w1/devices/{ID}"
    assert str(bus.directory(ID) / "w1_slave") == f"/sys/bus/w1/devices/{ID}/w1_slave"


@pytest.mark.parametrize("missing, name", [(OTHER, "w1_slave"), (ID, "resolution_of_mine")])
def test_what_is_not_there_is_not_found(bus, chip, missing, name):
    with pytest.raises(FileNotFoundError, match=f"{missing}/{name}"):
        (bus.directory(missing) / name).read_text()


def test_two_devices_cannot_have_one_id(clock, bus, chip):
    with pytest.raises(ValueError, match=f"{ID} is connected already"):
        bus.attach(DS18B20(clock, ID))


def test_the_bus_lists_its_devices(clock, bus, chip):
    bus.attach(DS18B20(clock, OTHER))
    assert bus.ids() == (OTHER, ID)


def test_the_kernel_takes_a_while_to_notice_that_a_device_is_gone(clock, bus, chip):
    file = bus.directory(ID) / "w1_slave"
    chip.unplug()
    clock.advance(FORGOTTEN_AFTER - 1)
    assert file.read_text() == ""
    clock.advance(1)
    assert bus.ids() == ()
    with pytest.raises(FileNotFoundError):
        file.read_text()


def test_a_device_that_is_put_back_is_read_again(clock, bus, chip):
    chip.unplug()
    clock.advance(FORGOTTEN_AFTER)
    chip.plug()
    assert bus.ids() == (ID,)
    assert "YES" in (bus.directory(ID) / "w1_slave").read_text()
