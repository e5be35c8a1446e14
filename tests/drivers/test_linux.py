import errno
import os

import pytest

from drivers.base.driver import run
from drivers.base.errors import BusMissing, NotPermitted, NotReady, TransferFailed, WrongChip
from drivers.base.linux import LinuxPort, RealKernel
from drivers.hwmon import Hwmon
from drivers.iio import IIO
from drivers.thermal import Thermal


class Refusing:
    """A kernel whose every file fails with one errno."""

    def __init__(self, number):
        self._number = number

    def read(self, path):
        raise OSError(self._number, os.strerror(self._number))

    names = space = read


@pytest.fixture
def port(tmp_path):
    (tmp_path / "sys/class/hwmon/hwmon1").mkdir(parents=True)
    (tmp_path / "sys/class/hwmon/hwmon0").mkdir()
    (tmp_path / "sys/class/hwmon/hwmon0/temp1_input").write_text("21500\n")
    return LinuxPort(RealKernel(tmp_path), "cpu")


def test_a_file_is_read_without_blanks_around_it(port):
    assert port.read("/sys/class/hwmon/hwmon0/temp1_input") == "21500"


def test_a_directory_is_listed_in_order_and_one_that_is_not_there_is_empty(port):
    assert port.names("/sys/class/hwmon") == ["hwmon0", "hwmon1"]
    assert port.names("/sys/class/thermal") == []


def test_the_space_of_a_file_system_is_what_the_kernel_says(port, tmp_path):
    total, free = port.space("/")
    found = os.statvfs(tmp_path)
    assert total == found.f_blocks * found.f_frsize
    assert 0 < free <= total


def test_a_file_that_is_not_there_says_where(port):
    with pytest.raises(BusMissing, match=r"cpu:/sys/gone: no such file \(does this kernel"):
        port.read("/sys/gone")


@pytest.mark.parametrize(
    "number, error",
    [
        (errno.EACCES, NotPermitted),
        (errno.EAGAIN, NotReady),
        (errno.ETIMEDOUT, NotReady),
        (errno.ENODATA, NotReady),
        (errno.EIO, TransferFailed),
    ],
)
@pytest.mark.parametrize("call", [LinuxPort.read, LinuxPort.names, LinuxPort.space])
def test_what_the_kernel_refuses_is_an_error_of_ours(number, error, call):
    with pytest.raises(error, match="cpu:/proc/x: "):
        call(LinuxPort(Refusing(number), "cpu"), "/proc/x")


KINDS = {
    "hwmon": (Hwmon, "sys/class/hwmon", "hwmon{}", "temp1_input", "temp1"),
    "iio": (IIO, "sys/bus/iio/devices", "iio:device{}", "in_temp_input", "temperature"),
}


class Machine:
    """A kernel that gives each chip on I2C a number, as links of a class do."""

    def __init__(self, root, kind):
        self.root = root
        self.driver, folder, self.entry, self.file, self.channel = KINDS[kind]
        self.folder = root / folder
        self.folder.mkdir(parents=True)
        self.kind = kind
        self.port = LinuxPort(RealKernel(root), "air")

    def number(self, *chips):
        """Number the chips again: each a name (or None), a place and degrees."""
        for link in self.folder.iterdir():
            link.unlink()
        for n, (name, place, degrees) in enumerate(chips):
            own = (
                self.root / "sys/devices/i2c-1" / place / ("hwmon" if self.kind == "hwmon" else "")
            )
            directory = own / f"{self.entry.format(n)}"
            directory.mkdir(parents=True, exist_ok=True)
            if name:
                (directory / "name").write_text(f"{name}\n")
            (directory / self.file).write_text(f"{degrees}000\n")
            (self.folder / directory.name).symlink_to(directory)

    def sensor(self, device):
        found = self.driver(self.port, device=device, measure=(self.channel,))
        run(found.setup(), lambda _: None)
        return found

    def read(self, sensor):
        return run(sensor.measure(), lambda _: None)[self.channel]


@pytest.fixture(params=KINDS)
def machine(tmp_path, request):
    return Machine(tmp_path, request.param)


def test_two_chips_of_one_name_are_distinguished_by_their_places(machine):
    machine.number(("lm75", "1-0048", 20), ("lm75", "1-0049", 30))
    with pytest.raises(BusMissing, match="say which: lm75@1-0048 or lm75@1-0049"):
        machine.sensor("lm75")
    assert machine.read(machine.sensor("lm75@1-0049")) == 30
    assert machine.read(machine.sensor("1-0048")) == 20


def test_a_number_that_moves_is_no_name(machine):
    machine.number(("lm75", "1-0048", 20))
    with pytest.raises(BusMissing, match="there are: lm75@1-0048"):
        machine.sensor(machine.entry.format(0))


@pytest.mark.parametrize("name", ["lm75", "tmp102"])
def test_a_number_that_moves_while_it_runs_gives_no_other_chips_value(machine, name):
    machine.number(("lm75", "1-0048", 20), (name, "1-0049", 30))
    sensor = machine.sensor("lm75@1-0048")
    assert machine.read(sensor) == 20
    machine.number((name, "1-0049", 30), ("lm75", "1-0048", 21))
    with pytest.raises(WrongChip, match=rf"has become {name}@1-0049 .*numbered its devices again"):
        machine.read(sensor)
    run(sensor.setup(), lambda _: None)
    assert machine.read(sensor) == 21


def test_a_device_without_a_name_disturbs_no_other(machine):
    machine.number((None, "1-0040", 99), ("lm75", "1-0048", 20))
    assert machine.read(machine.sensor("lm75")) == 20
    assert machine.read(machine.sensor("1-0040")) == 99


def test_a_thermal_zone_that_moves_gives_no_other_zones_value(tmp_path):
    def number(*zones):
        for n, (kind, degrees) in enumerate(zones):
            directory = tmp_path / f"sys/class/thermal/thermal_zone{n}"
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "type").write_text(f"{kind}\n")
            (directory / "temp").write_text(f"{degrees}000\n")

    number(("cpu-thermal", 50), ("gpu", 60))
    sensor = Thermal(LinuxPort(RealKernel(tmp_path), "cpu"))
    run(sensor.setup(), lambda _: None)
    number(("gpu", 60), ("cpu-thermal", 51))
    with pytest.raises(WrongChip, match="thermal zones again"):
        run(sensor.measure(), lambda _: None)
    run(sensor.setup(), lambda _: None)
    assert run(sensor.measure(), lambda _: None) == {"temperature": 51}
