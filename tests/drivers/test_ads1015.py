import pytest
from adafruit_ads1x15 import ads1015 as adafruit_ads1015
from adafruit_ads1x15.analog_in import AnalogIn

from drivers.ads1015 import ADS1015, RATES
from drivers.ads1115 import ADS1115
from drivers.base.driver import Identity
from drivers.base.errors import DriverError, OutOfRange, WrongChip
from edge_agent.testing import I2CContract
from simulators import ads1015, ads1115

PINS = ("a0", "a1", "a2", "a3")


class TestContract(I2CContract):
    driver = ADS1015
    model = ads1015.ADS1015


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        del clock  # it polls, and the wire takes its time
        chip = adafruit_ads1015.ADS1015(busio, gain=1)
        inputs = [AnalogIn(chip, number) for number in range(4)]
        return lambda: {pin: each.voltage for pin, each in zip(PINS, inputs, strict=True)}

    agree(adafruit, ADS1015, ads1015.ADS1015, inputs=PINS)


@pytest.fixture
def bench(bench_of):
    return bench_of(ADS1015, ads1015.ADS1015)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("full_scale", ["6.144V", "4.096V", "2.048V"])
def test_every_rate_and_full_scale_measures_the_voltage(bench_of, rate, full_scale):
    bench = bench_of(ADS1015, ads1015.ADS1015, rate=rate, full_scale=full_scale)
    bench.model.set("a0", 1.5)
    step = float(full_scale.removesuffix("V")) / 2048
    assert bench.read()["a0"] == pytest.approx(1.5, abs=step)


def test_the_chip_is_assumed(bench):
    assert bench.device.identify() == Identity("ADS1015", certain=False)


@pytest.mark.parametrize(
    "driver, model, remedy",
    [
        (ADS1015, ads1115.ADS1115, "too slow for an ADS1015 .*ads1115"),
        (ADS1115, ads1015.ADS1015, "too fast for an ADS1115 .*ads1015"),
    ],
)
def test_the_relative_is_recognised_by_its_speed(bench_of, driver, model, remedy):
    with pytest.raises(DriverError, match=remedy):
        bench_of(driver, model).setup()


def test_a_result_of_more_than_12_bits_is_another_chips(bench):
    bench.setup()
    bench.model.set("a0", 1.2345)
    bench.model.bits = 16
    with pytest.raises(WrongChip, match="no result of 12 bits"):
        bench.measure()


@pytest.mark.parametrize("volts", [-5, 5])
def test_a_clipped_input_is_refused(bench, volts):
    bench.model.set("a0", volts)
    with pytest.raises(OutOfRange, match=r"beyond 4\.096 V"):
        bench.read()
