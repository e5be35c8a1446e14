import adafruit_ina260
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.ina260 import INA260, current
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts
from simulators import ina260
from tests.drivers.averages import AdcTimeClaims, AverageClaims


class TestContract(LateResults, NoticesBrownOuts, I2CContract):
    driver = INA260
    model = ina260.INA260
    brown_out = (LostConfiguration, NotReady)


@pytest.fixture
def bench(bench_of):
    return bench_of(INA260, ina260.INA260)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_ina260.INA260(busio, 0x40)
        clock.sleep(0.1)
        return lambda: {"voltage": chip.voltage, "current": chip.current / 1000}

    agree(adafruit, INA260, ina260.INA260)


@pytest.mark.parametrize("code, amperes", [(0x1F40, 10), (0xE0C0, -10), (0, 0), (0xFFFF, -0.00125)])
def test_a_current_has_a_direction(code, amperes):
    assert current(code) == pytest.approx(amperes)


# §8.5: 10 A at 11.98 V are 119.8 W, 2ECC in the chip's own register
def test_the_datasheets_example_is_119_8_watts(bench):
    bench.model.set("voltage", 11.98)
    bench.model.set("current", 10)
    assert bench.read() == pytest.approx(
        {"voltage": 11.98, "current": 10, "power": 119.8}, rel=1e-3
    )
    assert bench.device._port.write_read(b"\x03", 2) == b"\x2e\xcc"


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("INA260", certain=True)
    bench.model.chip_id = 0x2260
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no INA260: its ids are 5449, 2260"):
        bench.setup()


@pytest.mark.parametrize("amperes", [-15.1, 15.1])
def test_more_than_its_shunt_bears_is_refused(ready, amperes):
    ready.model.set("current", amperes)
    with pytest.raises(OutOfRange, match="-15 to 15 A"):
        ready.value("current")


def test_the_model_has_the_datasheets_power_on_value(bench):
    assert bench.device._port.write_read(b"\x00", 2) == b"\x61\x27"


class TestAdcTime(AdcTimeClaims):
    driver = INA260
    model = ina260.INA260
    quantities = 2


class TestAverage(AverageClaims):
    driver = INA260
    model = ina260.INA260
    averages = (1, 64, 1024)
