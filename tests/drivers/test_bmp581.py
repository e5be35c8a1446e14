import adafruit_bmp5xx
import pytest
from adafruit_bus_device.i2c_device import I2CDevice

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.bmp581 import BMP581, pressure, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts
from simulators import bmp581 as simulated
from tests.drivers.oversampling import OversamplingClaims


class TestContract(LateResults, NoticesBrownOuts, I2CContract):
    driver = BMP581
    model = simulated.BMP581


class TestContractOfOversamplingPerQuantity(LateResults, NoticesBrownOuts, I2CContract):
    driver = BMP581
    model = simulated.BMP581
    options = {"temperature_oversampling": 2, "pressure_oversampling": 16}


@pytest.fixture
def bench(bench_of):
    return bench_of(BMP581, simulated.BMP581)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_bmp5xx, "time", clock)
        chip = adafruit_bmp5xx.BMP5XX(I2CDevice(busio, 0x47))
        clock.sleep(1)
        return lambda: {"temperature": chip.temperature, "atmospheric_pressure": chip.pressure}

    agree(adafruit, BMP581, simulated.BMP581, rounds=20)


@pytest.mark.parametrize(
    "code, celsius", [(0x000000, 0), (0x190000, 25), (0xD80000, -40), (0xFFFFFF, -1 / 65536)]
)
def test_codes_are_temperatures(code, celsius):
    assert temperature(code) == celsius


@pytest.mark.parametrize("code, hectopascal", [(0x62F340, 1013.25), (1, 1 / 6400)])
def test_codes_are_pressures(code, hectopascal):
    assert pressure(code) == pytest.approx(hectopascal, abs=1e-3)


@pytest.mark.parametrize("oversampling, seconds", [(1, 0.0051), (4, 0.00909), (128, 0.17184)])
def test_more_samples_take_longer(bench_of, oversampling, seconds):
    bench = bench_of(BMP581, simulated.BMP581, oversampling=oversampling)
    assert bench.read()["temperature"] == pytest.approx(21)
    assert bench.waits[-1] == pytest.approx(seconds)


@pytest.mark.parametrize("chip_id, chip", [(0x50, "BMP581"), (0x51, "BMP585")])
def test_both_chips_are_certain_by_their_ids_and_measure(bench, chip_id, chip):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    assert bench.device.identify() == Identity(chip, certain=True)
    assert bench.read()["temperature"] == pytest.approx(21)


def test_another_id_is_another_chip(bench):
    bench.model.chip_id = 0x58
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no BMP581 or BMP585: its id is 0x58"):
        bench.setup()


def test_a_chip_that_does_not_come_out_of_reset_is_not_ready(bench, monkeypatch):
    monkeypatch.setattr(simulated, "START_SECONDS", 1)
    bench.sleep(2)
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()


@pytest.mark.parametrize("data", [b"\x31\x09", b"\x36\x00", b"\x30\x2b", b"\x15\x00"])
def test_a_setting_of_another_program_is_noticed(ready, data):
    ready.device._port.write(data)
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_mode_of_another_program_is_noticed(ready):
    ready.model._store, kept = lambda register, value: kept(register, value | 1), ready.model._store
    with pytest.raises(LostConfiguration, match="configured f0, holds f3"):
        ready.measure()


def test_the_models_flag_goes_when_it_is_read(ready):
    port = ready.device._port
    assert port.write_read(b"\x27", 1) == b"\x10"  # it was reset
    port.write(b"\x37\xf2")
    ready.sleep(0.02)
    assert port.write_read(b"\x27", 1) == b"\x01"
    assert port.write_read(b"\x27", 1) == b"\x00"


def test_the_model_measures_on_and_on_in_normal_mode(ready):
    port = ready.device._port
    port.write(b"\x37\xf1")
    for celsius in (10, 30):
        ready.model.set("temperature", celsius)
        ready.sleep(2.5)
        assert temperature(int.from_bytes(port.write_read(b"\x1d", 3), "little")) == celsius


def test_the_model_has_the_datasheets_power_on_values(bench):
    port = bench.device._port
    assert port.write_read(b"\x1d", 6) == b"\x7f" * 6
    assert port.write_read(b"\x27", 1) == b"\x10"
    assert port.write_read(b"\x36", 2) == b"\x00\x70"


class TestOversampling(OversamplingClaims):
    driver = BMP581
    model = simulated.BMP581
    own = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
    }
    registers = {0x36: 0x40 | 4 << 3 | 1}
    seconds = (3 + 1.05 * (1.7 + 10.4)) / 1000
