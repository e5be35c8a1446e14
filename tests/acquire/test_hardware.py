import re
from types import SimpleNamespace

import pytest

from drivers.base.errors import BusMissing, DriverError
from edge_agent.acquire import hardware
from edge_agent.acquire.hardware import Place, RealHardware
from edge_agent.acquire.ports import ClaimedByKernel, port


class Machine(RealHardware):
    """A /sys below tmp_path, and buses that exist."""

    def __init__(self, sys):
        super().__init__(sys)
        self.opened = []

    def i2c(self, number):
        self.opened.append(number)
        return f"bus {number}"


@pytest.fixture
def sys(tmp_path):
    for bus in (1, 10, 2):
        (tmp_path / f"bus/i2c/devices/i2c-{bus}").mkdir(parents=True)
    (tmp_path / "bus/w1/devices/28-0316a4c8ffee").mkdir(parents=True)
    (tmp_path / "bus/w1/devices/w1_bus_master1").mkdir()
    return tmp_path


@pytest.fixture
def machine(sys):
    return Machine(sys)


def test_an_i2c_port_is_bound_to_its_bus_and_address(machine):
    bound = port(machine, Place("i2c", bus=2, address=0x44), "air")
    assert (machine.opened, bound.address, bound.where) == ([2], 0x44, "air@i2c-2:0x44")


def test_a_chip_that_the_kernel_drives_is_refused_by_name(machine, sys):
    device = sys / "bus/i2c/devices/1-0076"
    (sys / "bus/i2c/drivers/bmp280").mkdir(parents=True)
    device.mkdir()
    (device / "driver").symlink_to(sys / "bus/i2c/drivers/bmp280")
    with pytest.raises(ClaimedByKernel, match="the kernel's driver bmp280 owns it"):
        port(machine, Place("i2c", address=0x76), "air")


@pytest.mark.parametrize(
    "made, file, instead",
    [
        ("iio:device0", "in_temp_input", '"iio", device = "bmp280", measure = ["temperature"]; or'),
        ("hwmon/hwmon3", "temp1_input", '"hwmon", device = "bmp280", measure = ["temp1"]; or'),
    ],
)
def test_the_error_says_how_to_read_the_chip_through_the_kernels_driver(
    machine, sys, made, file, instead
):
    device = sys / "bus/i2c/devices/1-0076"
    (device / made).mkdir(parents=True)
    (device / made / "name").write_text("bmp280\n")
    (device / made / file).write_text("21500\n")
    (device / "driver").mkdir()
    with pytest.raises(ClaimedByKernel, match=re.escape(f"use driver = {instead}")):
        port(machine, Place("i2c", address=0x76), "air")


def test_a_w1_port_reads_the_kernels_files(machine, sys):
    bound = port(machine, Place("w1", id="28-0316a4c8ffee"), "water")
    (sys / "bus/w1/devices/28-0316a4c8ffee/name").write_text("28-0316a4c8ffee\n")
    assert bound.read("name") == "28-0316a4c8ffee\n"


def test_buses_and_1_wire_devices_are_listed_in_order(machine):
    assert machine.buses() == (1, 2, 10)
    assert machine.ids() == ("28-0316a4c8ffee",)


def test_a_machine_without_buses_lists_none(tmp_path):
    assert RealHardware(tmp_path).buses() == RealHardware(tmp_path).ids() == ()


def test_a_bus_that_is_not_there_names_the_remedy(sys):
    with pytest.raises(BusMissing, match=r"/dev/i2c-97: there is no such bus \(enable it"):
        RealHardware(sys).i2c(97)


def test_devices_of_one_bus_share_a_line_and_those_of_another_do_not():
    lines = [Place("i2c", bus=1), Place("i2c", bus=1, address=9), Place("i2c", bus=2), Place("w1")]
    assert [place.line for place in lines] == ["i2c-1", "i2c-1", "i2c-2", "w1"]


def test_a_kernel_claim_is_a_driver_error_with_its_own_quality():
    assert issubclass(ClaimedByKernel, DriverError)
    assert ClaimedByKernel.quality == "claimed_by_kernel"


@pytest.mark.parametrize(
    ("opener", "ask"),
    [
        ("PluggableLine", lambda one: one.serial("/dev/serial0")),
        ("open_select", lambda one: one.spi(0, 0)),
    ],
)
def test_what_a_refused_reload_opened_is_not_opened_again(monkeypatch, opener, ask):
    opened = []
    monkeypatch.setattr(hardware, opener, lambda *_: opened.append(SimpleNamespace()) or opened[-1])
    machine = RealHardware()
    assert ask(machine) is ask(machine)
    assert len(opened) == 1
