import errno
import os

import pytest

from drivers.base.errors import BusMissing, NotPermitted, NotReady, TransferFailed
from drivers.base.linux import LinuxPort, RealKernel


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
