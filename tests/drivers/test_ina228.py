import adafruit_ina228
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.ina228 import INA228
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts, RefusesTemperatures
from simulators import ina228
from tests.drivers.averages import AverageClaims


class TestContract(LateResults, NoticesBrownOuts, RefusesTemperatures, I2CContract):
    driver = INA228
    model = ina228.INA228
    brown_out = (LostConfiguration, NotReady)


@pytest.fixture
def bench(bench_of):
    return bench_of(INA228, ina228.INA228)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_ina228, "time", clock)
        chip = adafruit_ina228.INA228(busio, 0x40)
        clock.sleep(0.2)
        return lambda: {
            "voltage": chip.bus_voltage,
            "current": chip.shunt_voltage / 0.015,
            "temperature": chip.die_temperature,
        }

    agree(adafruit, INA228, ina228.INA228)


@pytest.mark.parametrize("volts, code", [(48, "3c0000"), (0.0001953125, "000010")])
def test_a_voltage_is_a_code_of_20_bits(bench, volts, code):
    bench.model.set("voltage", volts)
    assert bench.read()["voltage"] == pytest.approx(volts)
    assert bench.device._port.write_read(b"\x05", 3) == bytes.fromhex(code)


@pytest.mark.parametrize("full_scale, most", [("163.84mV", 0.16384), ("40.96mV", 0.04096)])
@pytest.mark.parametrize("share", [-0.99, -0.3, 0, 0.3, 0.99])
def test_a_finer_range_resolves_more(bench_of, full_scale, most, share):
    bench = bench_of(
        INA228, lambda clock: ina228.INA228(clock, shunt=0.1), shunt=0.1, full_scale=full_scale
    )
    amperes = share * most / 0.1
    bench.model.set("current", amperes)
    assert bench.read()["current"] == pytest.approx(amperes, abs=most / 0.1 / 2**19)


@pytest.mark.parametrize("amperes", [-12, 12])
def test_a_clipped_shunt_is_refused(ready, amperes):
    ready.model.set("current", amperes)
    assert ready.measure().keys() == {"voltage", "temperature"}
    with pytest.raises(OutOfRange, match=r"more than 0\.1638 V at the shunt"):
        ready.value("current")


def test_another_range_is_noticed(ready):
    ready.device._port.write(b"\x00\x00\x10")
    with pytest.raises(LostConfiguration, match="configured 7b 6a 00 00, holds 7b 6a 00 10"):
        ready.measure()


@pytest.mark.parametrize("shunt", [0, -0.1, 11])
def test_a_shunt_that_cannot_be_is_refused(bench_of, shunt):
    with pytest.raises(ValueError, match=r"wanted 0\.0001 to 10 Ω"):
        bench_of(INA228, ina228.INA228, shunt=shunt)


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("INA228", certain=True)
    bench.model.chip_id = 0x2381
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no INA228: its ids are 5449, 2381"):
        bench.setup()


def test_the_model_has_the_datasheets_power_on_values(bench):
    port = bench.device._port
    assert port.write_read(b"\x01", 2) == b"\xfb\x68"
    assert port.write_read(b"\x0b", 2) == b"\x00\x01"


class TestAverage(AverageClaims):
    driver = INA228
    model = ina228.INA228
    averages = (1, 4, 128, 1024)
