import errno
import os

import pytest

from drivers.base.driver import run
from drivers.base.errors import TransferFailed
from drivers.base.w1 import BULK, FRESH, W1Master, W1Port
from drivers.ds18b20 import DS18B20
from edge_agent.acquire.hardware import RealHardware
from simulators import ds18b20
from simulators.clock import VirtualClock
from simulators.sysfs import SimulatedW1

IDS = ("28-0316a4c8ffee", "28-0000055f1020", "10-000802b5a1f3")


class Bus:
    """Three thermometers of one bus, and how often they were triggered to convert all at once."""

    def __init__(self, clock):
        self.w1, self.clock, self.triggers, self.refusal = SimulatedW1(), clock, 0, None
        self.models = [ds18b20.DS18B20(clock, each) for each in IDS]
        for model in self.models:
            self.w1.attach(model)
        master = W1Master(self, clock.monotonic)
        self.thermometers = [DS18B20(W1Port(self.w1.directory(each), master)) for each in IDS]
        self.read_text = self.w1.bulk.read_text

    def write_text(self, data, encoding=None):
        if self.refusal is not None:
            raise self.refusal
        self.triggers += 1
        return self.w1.bulk.write_text(data, encoding)

    def expose(self, celsius):
        for model in self.models:
            model.set("temperature", celsius)

    def measure(self, n):
        return run(self.thermometers[n].measure())["temperature"]


@pytest.fixture
def bus():
    return Bus(VirtualClock())


def test_all_thermometers_of_a_bus_convert_at_once(bus):
    bus.expose(21)
    assert [bus.measure(n) for n in range(3)] == [21, 21, 21]
    assert bus.triggers == 1


def test_one_that_is_read_again_converts_again(bus):
    for celsius in (21, 22):
        bus.expose(celsius)
        assert bus.measure(0) == celsius
    assert bus.triggers == 2


def test_a_value_that_waited_too_long_is_never_taken(bus):
    bus.expose(21)
    bus.measure(0)
    bus.expose(25)
    bus.clock.advance(FRESH + 0.01)
    assert bus.measure(1) == 25


@pytest.mark.parametrize(
    "refusal",
    [
        FileNotFoundError(errno.ENOENT, "no"),
        PermissionError(errno.EACCES, "no"),
        OSError(errno.EROFS, "no"),
    ],
)
def test_if_no_bulk_conversion_is_possible_each_converts_separately(bus, refusal):
    bus.refusal = refusal
    for celsius in (21, 22):
        bus.expose(celsius)
        assert [bus.measure(n) for n in range(3)] == [celsius] * 3
    assert bus.triggers == 0


def test_what_another_program_let_them_convert_is_no_value_of_now(bus):
    bus.expose(21)
    bus.w1.bulk.write_text("trigger")
    bus.expose(25)
    bus.refusal = PermissionError(errno.EACCES, "no")
    assert [bus.measure(n) for n in range(3)] == [25, 25, 25]


def test_after_a_conversion_that_broke_down_nothing_old_is_taken(bus):
    bus.expose(21)
    bus.measure(0)
    bus.clock.advance(60)
    bus.refusal = OSError(errno.EIO, os.strerror(errno.EIO))
    for _ in range(2):
        with pytest.raises(TransferFailed, match=r"no conversion: Input/output error"):
            bus.measure(1)


def test_the_devices_of_one_master_share_it(tmp_path):
    for number, ids in ((1, IDS[:2]), (2, IDS[2:])):
        master = tmp_path / f"devices/w1_bus_master{number}"
        (tmp_path / "bus/w1/devices").mkdir(parents=True, exist_ok=True)
        for each in ids:
            (master / each).mkdir(parents=True)
            (tmp_path / "bus/w1/devices" / each).symlink_to(master / each)
    hardware = RealHardware(tmp_path)
    first, second, other = (hardware.w1_master(each) for each in IDS)
    assert first is second
    assert first is not other
    (tmp_path / "devices/w1_bus_master1" / BULK).write_text("0\n")
    assert first.convert(IDS[0])
    assert (tmp_path / "devices/w1_bus_master1" / BULK).read_text() == "trigger\n"
