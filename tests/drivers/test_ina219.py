import adafruit_ina219
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.ina219 import INA219, current
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults
from simulators import ina219, ina226
from tests.drivers.averages import AverageClaims


class TestContract(LateResults, I2CContract):
    driver = INA219
    model = ina219.INA219
    slowness = 6.0


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_ina219.INA219(busio, 0x40)
        clock.sleep(0.1)
        # its own current has the steps of the calibration
        return lambda: {"voltage": chip.bus_voltage, "current": chip.shunt_voltage / 0.1}

    agree(adafruit, INA219, ina219.INA219)


@pytest.fixture
def bench(bench_of):
    return bench_of(INA219, ina219.INA219)


# §8.2.2: 10 A through 2 mΩ at 11.98 V
def test_the_datasheets_example_is_119_8_watts(bench_of):
    assert current(0x07D0, 0.002) == pytest.approx(10)
    bench = bench_of(INA219, lambda clock: ina219.INA219(clock, shunt=0.002), shunt=0.002)
    bench.model.set("voltage", 11.98)
    bench.model.set("current", 10)
    assert bench.read() == pytest.approx({"voltage": 11.98, "current": 10, "power": 119.8})


# The same example: calibration 5000 makes the chip's own registers 2710 and 1766
def test_the_models_own_current_and_power_are_the_datasheets(bench):
    port = bench.device._port
    bench.model._shunt = 0.002
    bench.model.set("voltage", 11.98)
    bench.model.set("current", 10)
    port.write(b"\x05\x50\x00")
    port.write(b"\x00\x01\x9f")
    for _ in range(2):
        bench.sleep(0.01)
        port.write_read(b"\x01", 2)
    assert [port.write_read(bytes([n]), 2).hex() for n in (1, 4, 3)] == ["07d0", "2710", "1766"]


@pytest.mark.parametrize("full_scale, amperes", [("40mV", 0.4), ("80mV", 0.8), ("320mV", 3.2)])
def test_a_clipped_shunt_is_refused_and_less_is_measured(bench_of, full_scale, amperes):
    bench = bench_of(INA219, ina219.INA219, full_scale=full_scale)
    bench.model.set("current", 0.99 * amperes)
    assert bench.read()["current"] == pytest.approx(0.99 * amperes, abs=1e-4)
    bench.model.set("current", -1.01 * amperes)
    with pytest.raises(OutOfRange, match="at the shunt"):
        bench.value("current")


def test_a_calibration_that_overflows_is_noticed(bench):
    bench.setup()
    bench.device._port.write(b"\x05\xff\xfe")
    bench.model.set("current", 3)
    with pytest.raises(OutOfRange):
        bench.value("current")


def test_the_chip_is_assumed_by_its_configuration(bench):
    assert bench.device.identify() == Identity("INA219", certain=False)
    bench.replace(ina226.INA226(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="after a reset its configuration is 4127"):
        bench.setup()


def test_a_brown_out_during_a_conversion_is_noticed(bench):
    bench.setup()
    steps = bench.device.measure()
    bench.sleep(next(steps))
    bench.model.power_on()
    bench.sleep(0.01)  # it converts again, and fast
    with pytest.raises(LostConfiguration, match="399f"):
        next(steps)


@pytest.mark.parametrize("shunt", [0, -0.1, 11])
def test_a_shunt_that_cannot_be_is_refused(bench_of, shunt):
    with pytest.raises(ValueError, match=r"wanted 0\.0001 to 10 Ω"):
        bench_of(INA219, ina219.INA219, shunt=shunt)


class TestAverage(AverageClaims):
    driver = INA219
    model = ina219.INA219
    averages = (1, 2, 32, 128)
