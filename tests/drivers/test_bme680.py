import adafruit_bme680
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.metal_oxide import gas_wait, resistance_high, resistance_low
from drivers.bme680 import (
    BME680,
    resistance_of,
    unpack_trim,
)
from edge_agent.testing import I2CContract
from edge_agent.testing.families import NoticesBrownOuts
from simulators import bme280, bme680
from simulators.model import Range
from tests.drivers.filters import FilterClaims
from tests.drivers.oversampling import OversamplingClaims


class BME688(bme680.BME680):
    """The chip's successor: another variant, with another formula for the gas, and less range."""

    inputs = {**bme680.BME680.inputs, "gas": Range(1500, 1_000_000, 1250)}

    def __init__(self, clock):
        super().__init__(clock)
        self.variant = 1
        self.power_on()


class TestContract(NoticesBrownOuts, I2CContract):
    driver = BME680
    model = bme680.BME680
    brown_out = (LostConfiguration, NotReady)


class TestContractOfOversamplingPerQuantity(NoticesBrownOuts, I2CContract):
    driver = BME680
    model = bme680.BME680
    brown_out = (LostConfiguration, NotReady)
    options = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
        "humidity_oversampling": 4,
    }


@pytest.mark.parametrize("chip", [bme680.BME680, BME688])
def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch, chip):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_bme680, "time", clock)
        theirs = adafruit_bme680.Adafruit_BME680_I2C(busio, 0x76, refresh_rate=1000)
        theirs.filter_size = 0

        def measure():
            return {
                "temperature": theirs.temperature,
                "atmospheric_pressure": theirs.pressure,
                "humidity": theirs.relative_humidity,
                "gas": theirs.gas,
            }

        return measure

    agree(adafruit, BME680, chip, rounds=20)


@pytest.fixture
def bench(bench_of):
    return bench_of(BME680, bme680.BME680)


@pytest.mark.parametrize("milliseconds, code", [(63, 0x3F), (100, 0x59), (150, 0x65), (1000, 0xBE)])
def test_a_wait_is_six_bits_and_a_factor(milliseconds, code):
    assert gas_wait(milliseconds) == code


# The middle of each range, 512, is what the range is worth
@pytest.mark.parametrize("span, ohms", [(0, 8_000_000), (6, 125_000), (15, 244.140625)])
def test_a_gas_code_of_512_is_the_resistance_of_its_range(span, ohms):
    assert resistance_low(512, span, 0) == pytest.approx(ohms)


@pytest.mark.parametrize("span, ohms", [(0, 64_000_000), (10, 62_500)])
def test_the_successors_resistance_is_another_formula(span, ohms):
    assert resistance_high(512, span) == pytest.approx(ohms)


def test_a_hotter_heater_has_a_larger_code(bench):
    port = bench.device._port
    trim = unpack_trim(
        port.write_read(b"\x8a", 23), port.write_read(b"\xe1", 14), port.write_read(b"\x00", 5)
    )
    codes = [resistance_of(trim, celsius, 25) for celsius in (200, 300, 400)]
    assert codes == sorted(set(codes))
    assert (trim.t, trim.h, trim.g) == ((26041, 26469, 3), bme680.H, bme680.G)
    assert trim.p == bme680.P
    assert (trim.heater_range, trim.heater_value, trim.switching_error) == (1, 46, 3)


def test_a_trim_without_a_divisor_gives_no_pressure(bench):
    bench.setup()
    bench.device._trim = bench.device._trim._replace(p=(0, *bme680.P[1:]))
    with pytest.raises(OutOfRange, match="atmospheric_pressure"):
        bench.value("atmospheric_pressure")


def test_the_chip_is_certain_by_its_id(bench):
    assert bench.device.identify() == Identity("BME680", certain=True)
    bench.replace(bme280.BME280(bench.clock))
    with pytest.raises(WrongChip, match=r'a BME280.*set driver = "bme280"'):
        bench.setup()


@pytest.mark.parametrize(
    "chip, ohms", [(bme680.BME680, 160), (bme680.BME680, 1.4e7), (BME688, 1400), (BME688, 1.1e8)]
)
def test_a_resistance_beyond_its_ranges_is_refused(bench_of, chip, ohms):
    bench = bench_of(BME680, chip)
    bench.model.set("gas", ohms)
    bench.setup()
    with pytest.raises(OutOfRange):
        bench.value("gas")


@pytest.mark.parametrize(
    "chip, ohms",
    [(bme680.BME680, 200), (bme680.BME680, 3.2e6), (bme680.BME680, 1.2e7), (BME688, 9e7)],
)
def test_what_its_formula_gives_is_measured_also_in_clean_air(bench_of, chip, ohms):
    bench = bench_of(BME680, chip)
    bench.model.set("gas", ohms)
    bench.setup()
    assert bench.value("gas") == pytest.approx(ohms, rel=0.0013)


def test_without_a_gas_the_climate_has_its_values(bench):
    bench.model.set("gas", 2e7)
    values = bench.read()
    assert values.keys() == {"temperature", "atmospheric_pressure", "humidity"}
    assert not bench.wrong(values)


def test_a_heater_that_is_not_hot_gives_no_value(bench_of, monkeypatch):
    monkeypatch.setattr(bme680, "STABLE_MS", 30)
    bench = bench_of(BME680, bme680.BME680, heater_ms=20)
    bench.setup()
    with pytest.raises(NotReady, match="heater did not reach"):
        bench.value("gas")


def test_a_gas_measurement_that_is_not_valid_gives_no_value(bench, monkeypatch):
    monkeypatch.setattr(bench.model, "_gas", lambda: b"\x80\x16")
    bench.setup()
    with pytest.raises(NotReady, match="not valid"):
        bench.value("gas")


@pytest.mark.parametrize("channel, value", [("temperature", 90), ("atmospheric_pressure", 250)])
def test_a_value_beyond_the_datasheet_is_refused(bench, channel, value):
    bench.model.set(channel, value)
    bench.setup()
    with pytest.raises(OutOfRange):
        bench.value(channel)


@pytest.mark.parametrize("options", [{"heater_temperature": 450}, {"heater_ms": 5}])
def test_a_heater_beyond_its_limits_is_refused(bench_of, options):
    with pytest.raises(ValueError, match="wanted 20"):
        bench_of(BME680, bme680.BME680, **options)


class TestFilter(FilterClaims):
    driver = BME680
    model = bme680.BME680
    weights = (1, 4, 128)
    register = 0x75


class TestOversampling(OversamplingClaims):
    driver = BME680
    model = bme680.BME680
    own = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
        "humidity_oversampling": 4,
    }
    registers = {0x72: 3, 0x74: 2 << 5 | 5 << 2}
    seconds = 0.2231
