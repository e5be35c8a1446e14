from pathlib import Path

import pytest

from drivers.base.driver import read
from drivers.base.errors import TransferFailed
from drivers.base.linux import LinuxPort, RealKernel
from drivers.memory import Memory
from edge_agent.testing import SensorContract
from simulators import memory


class TestContract(SensorContract):
    driver = Memory
    model = memory.Memory


def measured(root):
    return read(Memory(LinuxPort(RealKernel(root), "pi")), lambda _: None)


def test_available_memory_is_in_mib_and_used_is_the_rest(tmp_path):
    (tmp_path / "proc").mkdir()
    text = "MemTotal:  1024000 kB\nMemFree:   1 kB\nMemAvailable:  256000 kB\nSwapTotal: 0 kB\n"
    (tmp_path / "proc/meminfo").write_text(text)
    assert measured(tmp_path) == {"available": 250.0, "used": 75.0}


def test_this_machine_has_some():
    assert 0 < measured(Path("/"))["used"] < 100


def test_a_file_that_does_not_say_it_gives_no_value(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  1024000 kB\n")
    with pytest.raises(TransferFailed, match="pi:/proc/meminfo: says no MemAvailable"):
        measured(tmp_path)
