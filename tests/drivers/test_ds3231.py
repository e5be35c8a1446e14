import adafruit_ds3231
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import DeadFrame, NotReady, WrongChip
from drivers.ds3231 import DS3231, could_be_time, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import RefusesTemperatures
from simulators import ds3231, lm75, mpu6050, pcf8574


class TestContract(RefusesTemperatures, I2CContract):
    driver = DS3231
    model = ds3231.DS3231


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        chip = adafruit_ds3231.DS3231(busio)
        chip.force_temperature_conversion()
        clock.sleep(0.2)
        return lambda: {"temperature": chip.temperature}

    agree(adafruit, DS3231, ds3231.DS3231, settle=0.3)


@pytest.fixture
def bench(bench_of):
    return bench_of(DS3231, ds3231.DS3231)


# Page 15
@pytest.mark.parametrize(
    "registers, celsius", [("1940", 25.25), ("0000", 0), ("ffc0", -0.25), ("e700", -25)]
)
def test_codes_are_temperatures(registers, celsius):
    assert temperature(bytes.fromhex(registers)) == celsius


@pytest.mark.parametrize(
    "registers, plausible",
    [
        ("59592307311299", True),
        ("00000001010100", True),
        ("60000001010100", False),
        ("0a000001010100", False),
        ("00000000010100", False),
        ("00000001000100", False),
        ("00000001010000", False),
        ("80000001010100", False),
        ("00000001011300", False),
        ("ffffffffffffff", False),
    ],
)
def test_registers_of_a_clock_hold_a_time(registers, plausible):
    assert could_be_time(bytes.fromhex(registers)) is plausible


def test_the_chip_is_assumed_by_its_time(bench):
    assert bench.device.identify() == Identity("DS3231", certain=False)


@pytest.mark.parametrize("other", [mpu6050.MPU6050, pcf8574.PCF8574, lm75.LM75])
def test_a_chip_whose_registers_hold_no_time_is_another(bench, other):
    bench.replace(other(bench.clock))
    with pytest.raises((DeadFrame, WrongChip)):
        bench.setup()


def test_nothing_is_written_but_the_control_register(bench):
    bench.read()
    written = [m.written for m in bench.bus.messages if m.written and len(m.written) > 1]
    assert {(data[0], len(data)) for data in written} == {(0x0E, 2)}
    assert bench.device._port.write_read(b"\x0e", 1) == b"\x1c"


def test_a_conversion_of_the_chips_own_is_waited_for(bench):
    bench.setup()
    bench.sleep(64)
    bench.device._port.write_read(b"\x0f", 1)  # a conversion has just begun
    bench.expose(0.8)
    assert not bench.wrong(bench.measure())


def test_a_conversion_that_does_not_end_is_not_ready(bench):
    bench.setup()
    bench.sleep(1)
    bench.device._port.write_read(b"\x0f", 1)
    bench.model.slowness = 5
    with pytest.raises(NotReady, match="longest time"):
        bench.measure()


def test_the_model_has_the_datasheets_power_on_values_and_a_time_that_runs(bench):
    port = bench.device._port
    assert port.write_read(b"\x0e", 2) == b"\x1c\x8c"  # it converts
    bench.sleep(61)
    assert port.write_read(b"\x00", 7) == bytes.fromhex("01010006010100")
