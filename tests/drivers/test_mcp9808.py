import adafruit_mcp9808
import pytest

from drivers.base.blindness import NO_NEWS
from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, WrongChip
from drivers.mcp9808 import MCP9808, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import NoticesBrownOuts, RefusesTemperatures
from simulators import mcp9808


class TestContract(NoticesBrownOuts, RefusesTemperatures, I2CContract):
    driver = MCP9808
    model = mcp9808.MCP9808
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_mcp9808.MCP9808(busio)
        clock.sleep(0.6)  # it waits for no conversion
        return lambda: {"temperature": chip.temperature}

    agree(adafruit, MCP9808, mcp9808.MCP9808)


@pytest.fixture
def bench(bench_of):
    return bench_of(MCP9808, mcp9808.MCP9808)


@pytest.mark.parametrize(
    "raw, celsius",
    [(0xC194, 25.25), (0x1E6C, -25.25), (0xC000, 0), (0x1FFF, -0.0625), (0x07D0, 125)],
)
def test_codes_are_temperatures_without_the_alerts_bits(raw, celsius):
    assert temperature(raw) == celsius


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("MCP9808", certain=True)
    bench.model.chip_id = 5
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its ids are 0054, 0500"):
        bench.setup()


def test_a_resolution_that_noise_has_changed_is_noticed(bench):
    bench.setup()
    bench.device._port.write(b"\x08\x00")
    with pytest.raises(LostConfiguration, match="resolution"):
        bench.measure()


def test_the_chip_sleeps_between_two_measurements(bench):
    bench.read()
    assert bench.device._port.write_read(b"\x01", 2) == b"\x03\x00"


def test_the_model_says_0_degrees_until_its_first_conversion_is_over(bench):
    port = bench.device._port
    assert temperature(int.from_bytes(port.write_read(b"\x05", 2))) == 0
    bench.sleep(0.3)
    assert temperature(int.from_bytes(port.write_read(b"\x05", 2))) == 21
