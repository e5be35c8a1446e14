import adafruit_ina3221
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.ina3221 import INA3221, current
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts
from simulators import ina3221
from tests.drivers.averages import AdcTimeClaims, AverageClaims


class TestContract(LateResults, NoticesBrownOuts, I2CContract):
    driver = INA3221
    model = ina3221.INA3221
    brown_out = (LostConfiguration, NotReady)


class TestOneInput(TestContract):
    options = {"inputs": (2,), "shunt_2": 0.1}


@pytest.fixture
def bench(bench_of):
    return bench_of(INA3221, ina3221.INA3221)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_ina3221.INA3221(busio, 0x40, enable=[0, 1, 2])
        clock.sleep(4)
        return lambda: {
            name: value
            for n in (0, 1, 2)
            for name, value in (
                (f"voltage_{n + 1}", chip[n].bus_voltage),
                (f"current_{n + 1}", chip[n].shunt_voltage / 100),
            )
        }

    agree(adafruit, INA3221, ina3221.INA3221, rounds=20)


@pytest.mark.parametrize("code, amperes", [(-2000, -0.8), (2000, 0.8), (1, 0.0004), (0, 0)])
def test_a_current_has_a_direction(code, amperes):
    assert current(code, 0.1) == pytest.approx(amperes)


# §8.6.2.2: -80 mV is F830; §8.6.2.3: 24 V is 5DC0
def test_the_models_registers_are_the_datasheets(bench):
    bench.model.set("current_1", -0.8)
    bench.model.set("voltage_1", 24)
    bench.setup()
    assert bench.device._port.write_read(b"\x01", 2) == b"\xc1\x80"
    assert bench.device._port.write_read(b"\x02", 2) == b"\x5d\xc0"


def test_each_input_has_its_shunt(bench_of):
    bench = bench_of(INA3221, ina3221.INA3221, shunt_2=0.2)
    values = bench.read()
    assert values["current_1"] == pytest.approx(0.25)
    assert values["current_2"] == pytest.approx(0.125)
    assert values["power_2"] == pytest.approx(0.625)


def test_only_the_named_inputs_are_channels(bench_of):
    bench = bench_of(INA3221, ina3221.INA3221, inputs=(3, 1))
    assert list(bench.read()) == [
        f"{kind}_{n}" for n in (1, 3) for kind in ("voltage", "current", "power")
    ]


@pytest.mark.parametrize("inputs", [(), (1, 1)])
def test_an_input_is_named_once(bench_of, inputs):
    with pytest.raises(ValueError, match="wanted one or more, each once"):
        bench_of(INA3221, ina3221.INA3221, inputs=inputs)


@pytest.mark.parametrize("shunt", [0, -0.1, 11])
def test_a_shunt_that_cannot_be_is_refused(bench_of, shunt):
    with pytest.raises(ValueError, match=r"shunt_3 is .*: wanted 0\.0001 to 10 Ω"):
        bench_of(INA3221, ina3221.INA3221, shunt_3=shunt)


@pytest.mark.parametrize("amperes", [-1.7, 1.7])
def test_a_clipped_shunt_is_refused_and_leaves_the_other_inputs_their_values(ready, amperes):
    ready.model.set("current_2", amperes)
    values = ready.measure()
    assert values.keys() == {"voltage_1", "current_1", "power_1", "voltage_2"} | {
        f"{kind}_3" for kind in ("voltage", "current", "power")
    }
    with pytest.raises(OutOfRange, match=r"more than 0\.1638 V at the shunt"):
        ready.value("current_2")


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("INA3221", certain=True)
    bench.model.chip_id = 0x2270
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no INA3221: its ids are 5449, 2270"):
        bench.setup()


def test_the_model_converts_nothing_at_an_input_that_is_off(ready):
    ready.device._port.write(b"\x00\x55\x23")  # 1 and 3
    ready.model.set("voltage_2", 20)
    ready.sleep(0.2)
    assert ready.device._port.write_read(b"\x04", 2) == (625 << 3).to_bytes(2)


def test_the_model_has_the_datasheets_power_on_values(bench):
    port = bench.device._port
    assert port.write_read(b"\x00", 2) == b"\x71\x27"
    assert port.write_read(b"\x07", 2) == b"\x7f\xf8"
    assert port.write_read(b"\x0f", 2) == b"\x00\x02"


class TestAdcTime(AdcTimeClaims):
    driver = INA3221
    model = ina3221.INA3221
    quantities = 6


class TestAverage(AverageClaims):
    driver = INA3221
    model = ina3221.INA3221
    averages = (1, 64, 1024)
