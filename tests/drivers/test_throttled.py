import pytest

from drivers.base.driver import read
from drivers.base.errors import BusMissing, TransferFailed
from drivers.base.linux import LinuxPort, RealKernel
from drivers.throttled import Throttled, flags
from edge_agent.testing import SensorContract
from simulators import throttled


class TestContract(SensorContract):
    driver = Throttled
    model = throttled.Throttled


# raspberrypi/documentation, vcgencmd get_throttled: 0x50005
@pytest.mark.parametrize(
    "text, raised",
    [
        ("0", set()),
        ("50005", {"under_voltage", "throttled", "under_voltage_ever", "throttled_ever"}),
        ("0x80008", {"hot", "hot_ever"}),
        ("20000", {"frequency_capped_ever"}),
    ],
)
def test_each_bit_is_a_channel(text, raised):
    assert {name for name, value in flags(text, "pi").items() if value} == raised


@pytest.mark.parametrize("text", ["", "throttled=0x0"])
def test_anything_but_a_number_is_refused(text):
    with pytest.raises(TransferFailed, match="which is not a number"):
        flags(text, "pi")


@pytest.mark.parametrize(
    "directory", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"]
)
def test_the_file_is_found_on_a_pi_4_and_on_a_pi_5(tmp_path, directory):
    path = tmp_path / "sys/devices/platform" / directory
    path.mkdir(parents=True)
    (path / "get_throttled").write_text("1\n")
    values = read(Throttled(LinuxPort(RealKernel(tmp_path))), lambda _: None)
    assert values["under_voltage"] == 1


def test_another_machine_is_pointed_to_what_it_can_use(tmp_path):
    with pytest.raises(BusMissing, match=r"only Raspberry Pi OS has it; .*rpi_volt"):
        read(Throttled(LinuxPort(RealKernel(tmp_path))), lambda _: None)
