import pytest

from drivers.base.driver import read
from drivers.base.errors import TransferFailed
from drivers.base.linux import LinuxPort, RealKernel
from drivers.load import Load
from edge_agent.testing import SensorContract
from simulators import load


class TestContract(SensorContract):
    driver = Load
    model = load.Load


@pytest.fixture
def measured(tmp_path):
    def measure(text):
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/loadavg").write_text(text)
        return read(Load(LinuxPort(RealKernel(tmp_path), "pi")), lambda _: None)

    return measure


def test_the_three_averages_are_channels(measured):
    values = measured("0.20 1.18 11.02 1/80 11206\n")  # proc(5) has such a line
    assert values == {"load_1min": 0.2, "load_5min": 1.18, "load_15min": 11.02}


@pytest.mark.parametrize("text", ["", "0.20 1.18", "a b c 1/80 11206"])
def test_a_file_that_does_not_say_them_gives_no_value(measured, text):
    with pytest.raises(TransferFailed, match="pi:/proc/loadavg: says "):
        measured(text)
