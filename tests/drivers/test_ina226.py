import adafruit_ina260
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.ina226 import INA226, current
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts
from simulators import ina226
from tests.drivers.averages import AdcTimeClaims, AverageClaims


class TestContract(LateResults, NoticesBrownOuts, I2CContract):
    driver = INA226
    model = ina226.INA226
    brown_out = (LostConfiguration, NotReady)


def test_adafruits_driver_of_its_sister_reads_what_we_read_and_what_is(agree):
    """The INA260 has the same registers, and a built-in shunt: the current counts 1.25 mA."""

    def adafruit(busio, clock):
        busio.bus.chip(0x40).chip_id = 0x2270  # it accepts no other; the bus voltage is the same
        chip = adafruit_ina260.INA260(busio, 0x40)
        clock.sleep(0.1)
        volts = chip.voltage
        busio.bus.chip(0x40).chip_id = 0x2260
        return lambda: {"voltage": volts}

    agree(adafruit, INA226, ina226.INA226)


def words(busio, *registers):
    """Return registers as a driver of another author reads them."""
    answer = bytearray(2)
    for register in registers:
        busio.writeto_then_readfrom(0x40, bytes([register]), answer)
        yield int.from_bytes(answer, signed=register != 2)


def test_the_kernels_arithmetic_reads_what_we_read_and_what_is(agree):
    """Linux's ina2xx writes calibration 2048, and counts 25 µA, 1.25 mV and 625 µW at 0.1 Ω."""

    def kernel(busio, clock):
        busio.writeto(0x40, b"\x00\x45\x27")
        busio.writeto(0x40, b"\x05" + (2048).to_bytes(2))
        clock.sleep(0.2)

        def measured():
            bus, watts, amperes = words(busio, 2, 3, 4)
            found = {"voltage": bus * 1.25e-3, "current": amperes * 25e-6}
            power = abs(found["voltage"] * found["current"])
            assert watts & 0xFFFF == pytest.approx(power / 625e-6, abs=1)
            return found

        return measured

    agree(kernel, INA226, ina226.INA226)


@pytest.fixture
def bench(bench_of):
    return bench_of(INA226, ina226.INA226)


# §8.2.2.3: 10 A through 2 mΩ at 11.98 V
def test_the_datasheets_example_is_119_8_watts(bench_of):
    assert current(0x1F40, 0.002) == pytest.approx(10)
    bench = bench_of(INA226, lambda clock: ina226.INA226(clock, shunt=0.002), shunt=0.002)
    bench.model.set("voltage", 11.98)
    bench.model.set("current", 10)
    assert bench.read() == pytest.approx(
        {"voltage": 11.98, "current": 10, "power": 119.8}, rel=1e-3
    )


# The same example: calibration 0A00 makes the chip's own registers 2710 and 12B8
def test_the_chips_own_current_and_power_are_what_we_compute(bench):
    port = bench.device._port
    bench.model._shunt = 0.002
    bench.model.set("voltage", 11.98)
    bench.model.set("current", 10)
    port.write(b"\x05\x0a\x00")
    bench.sleep(0.1)
    port.write_read(b"\x01", 2)
    bench.sleep(0.1)
    assert port.write_read(b"\x01", 2) == b"\x1f\x40"
    assert port.write_read(b"\x04", 2) == b"\x27\x10"
    assert port.write_read(b"\x03", 2) == b"\x12\xb8"


@pytest.mark.parametrize("code, amperes", [(0xE0C0, -10), (0, 0), (0xFFFF, -0.00125)])
def test_a_current_has_a_direction(code, amperes):
    assert current(code, 0.002) == pytest.approx(amperes)


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("INA226", certain=True)
    bench.model.chip_id = 0x2270
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its ids are 5449, 2270"):
        bench.setup()


@pytest.mark.parametrize("amperes", [-1, 1])
def test_a_clipped_shunt_is_refused(bench, amperes):
    bench.model.set("current", amperes)
    bench.setup()
    with pytest.raises(OutOfRange, match=r"more than 0\.0819 V at the shunt"):
        bench.value("current")


@pytest.mark.parametrize("shunt", [0, -0.1, 11])
def test_a_shunt_that_cannot_be_is_refused(bench_of, shunt):
    with pytest.raises(ValueError, match=r"wanted 0\.0001 to 10 Ω"):
        bench_of(INA226, ina226.INA226, shunt=shunt)


def test_the_model_has_the_datasheets_power_on_value(bench):
    assert bench.device._port.write_read(b"\x00", 2) == b"\x41\x27"


class TestAdcTime(AdcTimeClaims):
    driver = INA226
    model = ina226.INA226
    quantities = 2


class TestAverage(AverageClaims):
    driver = INA226
    model = ina226.INA226
    averages = (1, 4, 128, 1024)
