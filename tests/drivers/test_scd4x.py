import adafruit_scd4x
import pytest

from drivers.base.driver import Identity, run
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.scd4x import LOOK, SCD4x
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, RefusesTemperatures
from simulators import ads1115, scd4x
from tests.drivers.co2 import CompensatesCO2


class TestContract(FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = SCD4x
    model = scd4x.SCD4x
    settle = 5.1
    patience = 12.0
    notices_within = LOOK


class TestContractOfAllOptions(TestContract):
    options = {"altitude": 0, "temperature_offset": 4.0, "self_calibration": False}


class TestCompensation(CompensatesCO2):
    driver = SCD4x
    model = scd4x.SCD4x
    settle = 5.1
    offset = 5.0
    self_calibration = 0x2313


@pytest.mark.parametrize("setting", [0x2318, 0x2322, 0x2313])
def test_a_setting_that_another_program_changes_is_noticed_in_turn_and_set_back(bench, setting):
    bench.read()
    before = dict(bench.model._held)
    bench.model._held[setting] ^= 1
    with pytest.raises(LostConfiguration, match="is 0"):
        for _ in range(LOOK + 1):
            bench.settled().measure()
    bench.read()
    assert bench.model._held == before


def test_looking_at_the_settings_costs_no_value(bench):
    bench.read()
    for n in range(3 * LOOK):
        bench.model.set("carbon_dioxide", 500 + n)
        bench.settled()
        assert bench.measure()["carbon_dioxide"] == 500 + n


def begin(chip, clock):
    chip.start_periodic_measurement()
    clock.sleep(5.1)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_scd4x.SCD4X, SCD4x, scd4x.SCD4x, begin=begin)


@pytest.fixture
def bench(bench_of):
    return bench_of(SCD4x, scd4x.SCD4x, settle=5.1)


# The datasheet's example (§3.6.2): 500 ppm, 25 °C, 37 %
def test_the_models_frame_is_the_datasheets(bench):
    for channel, value in (("carbon_dioxide", 500), ("temperature", 25.0017), ("humidity", 37.001)):
        bench.model.set(channel, value)
    bench.setup()
    bench.settled()
    bench.device._port.write(b"\xec\x05")
    bench.sleep(0.001)
    assert bench.device._port.read(9) == bytes.fromhex("01f43366 67a25eb93c")


def test_the_chip_is_certain_while_it_measures_and_while_it_does_not(bench):
    bench.sleep(0.1)
    assert bench.device.identify() == Identity("SCD4x", certain=True)
    bench.setup()
    assert bench.device.identify() == Identity("SCD4x", certain=True)


def test_a_chip_without_a_serial_number_is_another(bench):
    bench.replace(ads1115.ADS1115(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no SCD4x"):
        bench.setup()


def test_a_restarted_agent_finds_the_chip_measuring_and_starts_it_again(bench):
    bench.read()
    bench.model.set("carbon_dioxide", 2000)
    assert bench.read()["carbon_dioxide"] == 2000


def test_a_chip_that_lost_its_power_measures_nothing_until_the_next_setup(bench):
    bench.read()
    bench.model.power_on()
    bench.settled()
    with pytest.raises(NotReady, match="205 mA"):
        bench.measure()
    assert not bench.wrong(bench.read())


def test_no_concentration_is_no_measurement(bench):
    bench.setup()
    bench.model.set("carbon_dioxide", 0)
    with pytest.raises(NotReady, match="0 ppm"):
        bench.measure()


def test_the_model_takes_few_commands_while_it_measures(bench):
    bench.setup()
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\x36\x82")


def test_the_models_buffer_is_empty_once_it_was_read(bench):
    bench.read()
    bench.device._port.write(b"\xec\x05")
    bench.sleep(0.002)
    with pytest.raises(ConnectionError):
        bench.device._port.read(9)


def test_a_calibration_that_fails_says_so(bench, monkeypatch):
    monkeypatch.setattr(scd4x, "SETTLED", 1000.0)
    with pytest.raises(NotReady, match="calibration has failed"):
        run(bench.device.calibrate(420), bench.sleep)
    bench.settled()
    assert not bench.wrong(bench.read())
