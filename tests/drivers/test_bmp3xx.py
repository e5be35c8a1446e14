import adafruit_bmp3xx
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.bmp3xx import BMP3xx, pressure, temperature, unpack_trim
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts
from simulators import bmp3xx as simulated
from tests.drivers.filters import FilterClaims
from tests.drivers.oversampling import OversamplingClaims


class TestContract(LateResults, NoticesBrownOuts, I2CContract):
    driver = BMP3xx
    model = simulated.BMP3xx


class TestContractOfOversamplingPerQuantity(LateResults, NoticesBrownOuts, I2CContract):
    driver = BMP3xx
    model = simulated.BMP3xx
    options = {"temperature_oversampling": 2, "pressure_oversampling": 16}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_bmp3xx, "time", clock)
        chip = adafruit_bmp3xx.BMP3XX_I2C(busio)
        clock.sleep(0.01)  # the reset that it ends with
        return lambda: {"temperature": chip.temperature, "atmospheric_pressure": chip.pressure}

    agree(adafruit, BMP3xx, simulated.BMP3xx)


@pytest.fixture
def bench(bench_of):
    return bench_of(BMP3xx, simulated.BMP3xx)


# The datasheet has no worked example: each coefficient alone, by the formulas of §9
def trimmed(register, data):
    block = bytearray(21)
    block[register - 0x31 : register - 0x31 + len(data)] = data
    return unpack_trim(bytes(block))


@pytest.mark.parametrize(
    "register, data, celsius", [(0x33, b"\x00\x40", 64), (0x35, b"\xf8", -0.5)]
)
def test_a_coefficient_of_temperature_has_its_weight(register, data, celsius):
    assert temperature(trimmed(register, data), 1 << 22) == celsius


def test_the_temperature_counts_from_t1():
    assert temperature(unpack_trim(b"\x00\x40\x00\x40" + bytes(17)), (1 << 22) + 4096) == 0.0625


@pytest.mark.parametrize(
    "register, data, more",
    [
        (0x36, b"\x00\x60", 24576),  # P1
        (0x38, b"\x00\xf0", -32),
        (0x3A, b"\x40", 0.25),
        (0x3B, b"\x40", 1 / 32),
        (0x3C, b"\x00\xf0", 8 * 0xF000),
        (0x3E, b"\x00\xf0", 0xF000 / 16),
        (0x40, b"\xf0", -1),
        (0x41, b"\x40", 0.125),
        (0x42, b"\x00\xff", -1),
        (0x44, b"\x40", 1),
        (0x45, b"\x40", 2),
    ],
)
def test_a_coefficient_of_pressure_has_its_weight(register, data, more):
    none = pressure(trimmed(0x31, b""), 1 << 20, 4.0)
    assert none == -(2**14) - 128  # P1 and P2 count from 2^14
    assert pressure(trimmed(register, data), 1 << 20, 4.0) - none == more


@pytest.mark.parametrize("oversampling, step", [(1, 2.7), (2, 1.4), (8, 0.35), (32, 0.1)])
@pytest.mark.parametrize("celsius", [-39.9, 0, 21.43, 84.9])
@pytest.mark.parametrize("hectopascal", [300.5, 1013.25, 1249.5])
def test_more_samples_resolve_more(bench_of, oversampling, step, celsius, hectopascal):
    bench = bench_of(BMP3xx, simulated.BMP3xx, oversampling=oversampling)
    bench.model.set("temperature", celsius)
    bench.model.set("atmospheric_pressure", hectopascal)
    values = bench.read()
    assert values["temperature"] == pytest.approx(celsius, abs=0.005 / oversampling)
    assert values["atmospheric_pressure"] == pytest.approx(hectopascal, abs=step / 100)


@pytest.mark.parametrize("chip_id, chip", [(0x50, "BMP388"), (0x60, "BMP390")])
def test_both_chips_are_certain_by_their_ids_and_measure(bench, chip_id, chip):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    bench.sleep(0.01)  # it takes commands then
    assert bench.device.identify() == Identity(chip, certain=True)
    assert bench.read()["temperature"] == pytest.approx(21, abs=0.005)


def test_another_id_is_another_chip(bench):
    bench.model.chip_id = 0x58
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no BMP388 or BMP390: its id is 0x58"):
        bench.setup()


def test_a_chip_that_does_not_come_out_of_reset_is_not_ready(bench, monkeypatch):
    monkeypatch.setattr(simulated, "START_SECONDS", 1)
    bench.sleep(2)
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()


@pytest.mark.parametrize("data", [b"\x1f\x04", b"\x1c\x02", b"\x1d\x05"])
def test_a_setting_of_another_program_is_noticed(ready, data):
    ready.device._port.write(data)
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_temperature_alone_is_not_ready(ready, monkeypatch):
    monkeypatch.setitem(simulated.KEPT, 0x1B, 0x32)
    with pytest.raises(NotReady):
        ready.measure()


def status(bench):
    return bench.device._port.write_read(b"\x03", 1)[0]


def test_the_models_flags_go_when_their_result_is_read(ready):
    port = ready.device._port
    port.write(b"\x1b\x13")
    ready.sleep(0.01)
    assert status(ready) == 0x70
    port.write_read(b"\x04", 3)
    assert status(ready) == 0x50
    port.write_read(b"\x07", 3)
    assert status(ready) == 0x10


def test_the_model_measures_on_and_on_in_normal_mode(ready):
    port = ready.device._port
    port.write(b"\x1d\x03\x1b\x33")  # every 40 ms
    for celsius in (10, 30):
        ready.model.set("temperature", celsius)
        ready.sleep(0.1)
        port.write_read(b"\x04", 6)
        assert status(ready) == 0x10
        ready.sleep(0.05)
        assert status(ready) == 0x70
        assert port.write_read(b"\x1b", 1) == b"\x33"
        code = int.from_bytes(port.write_read(b"\x07", 3), "little")
        assert temperature(ready.device._trim, code) == pytest.approx(celsius, abs=0.005)


def test_the_model_has_the_datasheets_power_on_values(bench):
    port = bench.device._port
    assert port.write_read(b"\x10", 1) == b"\x01"
    assert port.write_read(b"\x10", 1) == b"\x00"
    assert port.write_read(b"\x04", 6) == bytes.fromhex("00 00 80 00 00 80")
    assert port.write_read(b"\x1b", 5) == bytes.fromhex("00 02 00 00 00")


class TestFilter(FilterClaims):
    driver = BMP3xx
    model = simulated.BMP3xx
    weights = (1, 4, 128)
    register = 0x1F


class TestOversampling(OversamplingClaims):
    driver = BMP3xx
    model = simulated.BMP3xx
    own = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
    }
    registers = {0x1C: 1 << 3 | 4}
    seconds = 1.15 * (0.000789 + 18 * 0.00202)


def test_a_brown_out_that_changes_no_setting_changes_no_value(bench_of):
    options = {"temperature_oversampling": 1, "pressure_oversampling": 4}
    bench = bench_of(BMP3xx, simulated.BMP3xx, **options)
    before = bench.read()
    bench.model.power_on()
    bench.sleep(0.01)  # it takes commands then
    assert bench.measure() == before
