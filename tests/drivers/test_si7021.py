import adafruit_si7021
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import WrongChip
from drivers.si7021 import Si7021
from edge_agent.testing import I2CContract
from simulators import htu21d, si7021


class TestContract(I2CContract):
    driver = Si7021
    model = si7021.Si7021


def identified(chip, _clock):
    assert chip.device_identifier == "Si7021"


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_si7021.SI7021, Si7021, si7021.Si7021, begin=identified)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(Si7021, si7021.Si7021)
    bench.setup()
    return bench


@pytest.mark.parametrize("part, name", [(0x0D, "Si7013"), (0x14, "Si7020"), (0x15, "Si7021")])
def test_a_part_is_certain_by_its_electronic_id(bench, part, name):
    bench.model.chip_id = part
    assert bench.device.identify() == Identity(name, certain=True)
    assert bench.read()["humidity"] == pytest.approx(45, abs=0.031)


def test_an_htu21d_is_refused_and_the_way_out_named(bench):
    bench.replace(htu21d.HTU21D(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match=r"no Si7021: .*try `htu21d`"):
        bench.setup()


@pytest.mark.parametrize("command", [b"\xfc\xc9", b"\xe7"])
def test_a_chip_that_answers_nonsense_is_another(bench, command):
    original = bench.model._command

    def nonsense(data):
        original(data)
        if data == command:
            bench.model._answer = bytes([0x15, 0x12, 0x13])

    bench.model._command = nonsense
    assert bench.device.identify() is None


def test_the_longest_time_of_the_datasheet_is_waited_for(bench):
    bench.waits.clear()
    bench.model.slowness = 1.3
    bench.model.set("temperature", 33)
    assert bench.measure()["temperature"] == pytest.approx(33, abs=0.011)
    assert bench.waits == [0.0108, pytest.approx(0.0228)]


def test_a_heater_ends_with_setup(bench):
    bench.device._port.write(b"\xe6\x3e")
    assert bench.read()["temperature"] == pytest.approx(21, abs=0.011)
