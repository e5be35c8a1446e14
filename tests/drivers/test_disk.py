import os

import pytest

from drivers.base.driver import read
from drivers.base.errors import BusMissing, NotReady
from drivers.base.linux import LinuxPort, RealKernel
from drivers.disk import MIB, Disk
from edge_agent.testing import SensorContract
from simulators import disk


class TestContract(SensorContract):
    driver = Disk
    model = disk.Disk


def measured(mount):
    return read(Disk(LinuxPort(RealKernel()), mount=str(mount)), lambda _: None)


def test_it_says_what_df_says(tmp_path):
    found = os.statvfs(tmp_path)
    values = measured(tmp_path)
    assert values["free"] == pytest.approx(found.f_bavail * found.f_frsize / MIB, abs=64)
    assert values["used"] == pytest.approx(100 - 100 * found.f_bavail / found.f_blocks, abs=1)


def test_a_directory_that_is_not_there_has_no_value(tmp_path):
    with pytest.raises(BusMissing, match="usb: no such file"):
        measured(tmp_path / "usb")


def test_a_file_system_without_a_size_has_no_value():
    with pytest.raises(NotReady, match="/proc has no size"):
        measured("/proc")
