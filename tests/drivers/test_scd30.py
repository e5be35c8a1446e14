import math

import adafruit_scd30
import pytest

from drivers.base.driver import Identity, run
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.sensirion import floats
from drivers.scd30 import SCD30
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, RefusesTemperatures
from simulators import ads1115, scd30
from tests.drivers.co2 import CompensatesCO2


class TestContract(FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = SCD30
    model = scd30.SCD30
    settle = 2.1
    patience = 12.0
    blind = {"test_a_driver_is_not_certain_of_another_chip[sps30]": "an SPS30 has another address"}


class TestContractOfAllOptions(TestContract):
    options = {"altitude": 0, "temperature_offset": 0.0, "self_calibration": False}


class Reticent(scd30.SCD30):
    """A chip that does not say which pressure it was given: no description has that question."""

    says_pressure = False


class TestCompensationOfAReticentChip(CompensatesCO2):
    driver = SCD30
    model = Reticent
    settle = 2.1
    offset = 1.0
    self_calibration = 0x5306


def test_a_reticent_chip_is_started_with_its_pressure_once(bench_of):
    bench = bench_of(SCD30, Reticent, settle=2.1, ambient_pressure=795)
    bench.model._measuring = True
    bench.read()
    begin = len(bench.bus.messages)
    bench.settled().read()
    written = [one.written for one in bench.bus.messages[begin:] if one.written]
    assert (bench.model._mbar, max(map(len, written))) == (795, 2)


def test_a_pressure_that_another_program_sets_is_noticed_and_set_back(bench_of):
    bench = bench_of(SCD30, scd30.SCD30, settle=2.1, ambient_pressure=795)
    bench.model.pressure = 795.0
    bench.model.set("carbon_dioxide", 1000)
    bench.read()
    bench.model._mbar = 1013
    with pytest.raises(LostConfiguration, match="ambient_pressure is 03f5 instead of 031b"):
        bench.settled().measure()
    assert bench.read()["carbon_dioxide"] == pytest.approx(1000, abs=2)


def test_an_altitude_counts_also_if_another_program_has_set_a_pressure_before(bench_of):
    bench = bench_of(SCD30, scd30.SCD30, settle=2.1, altitude=2000)
    bench.model.pressure, bench.model._mbar, bench.model._measuring = 795.0, 1013, True
    bench.model.set("carbon_dioxide", 1000)
    assert bench.read()["carbon_dioxide"] == pytest.approx(1000, abs=2)


class TestCompensation(CompensatesCO2):
    driver = SCD30
    model = scd30.SCD30
    settle = 2.1
    offset = 1.0
    self_calibration = 0x5306


def wait(_chip, clock):
    clock.sleep(3)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_scd30.SCD30, SCD30, scd30.SCD30, begin=wait)


@pytest.fixture
def bench(bench_of):
    return bench_of(SCD30, scd30.SCD30, settle=2.1)


# §1.4.5
def test_words_in_pairs_are_numbers():
    words = (0x43DB, 0x8C2E, 0x41D9, 0xE7FF, 0x4243, 0x3A1B)
    assert floats(words) == pytest.approx((439.09, 27.24, 48.81), abs=0.01)


@pytest.mark.parametrize("words", [(0x7FC0, 0), (0x7F80, 0), (0xFF80, 0)])
def test_what_is_no_number_is_none(words):
    assert math.isnan(floats(words)[0])


def test_the_chip_is_certain_by_its_version(bench):
    assert bench.device.identify() == Identity("SCD30", certain=True)
    bench.replace(ads1115.ADS1115(bench.clock))
    with pytest.raises(WrongChip, match="no SCD30"):
        bench.setup()


def test_what_was_measured_before_the_setup_is_forgotten(bench):
    bench.read()
    bench.settled().model.set("carbon_dioxide", 2000)
    assert bench.read()["carbon_dioxide"] == pytest.approx(2000, abs=1)


def test_memory_that_wears_is_written_only_if_it_must_be(bench):
    bench.read()
    begin = len(bench.bus.messages)
    bench.read()
    written = [m.written for m in bench.bus.messages[begin:] if m.written]
    assert max(len(data) for data in written) == 2


def test_an_interval_that_another_program_has_set_is_set_back(bench):
    bench.model._held[0x4600] = 60
    assert not bench.settled().wrong(bench.read())


def test_the_zeros_before_the_first_measurement_are_refused(bench):
    bench.setup()
    bench.model._ready = True
    with pytest.raises(NotReady, match="before its first"):
        bench.measure()


def test_a_humidity_without_a_result_beside_a_good_concentration_is_absent(bench):
    bench.setup()
    bench.model.set("humidity", 0)
    with pytest.raises(OutOfRange, match="humidity is 0"):
        bench.settled().value("humidity")


def test_the_model_answers_no_earlier_than_after_3_ms(bench):
    port = bench.device._port
    port.write(b"\xd1\x00")
    with pytest.raises(ConnectionError):
        port.read(3)
    bench.sleep(0.003)
    assert port.read(3)[:2] == b"\x03\x42"


def test_the_model_takes_no_argument_with_a_wrong_checksum(bench):
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\x46\x00\x00\x02\x00")


def test_the_model_continues_to_measure_after_a_power_loss(bench):
    bench.setup()
    bench.model.power_on()
    assert not bench.settled().wrong(bench.measure())


def test_a_calibration_to_the_value_of_the_last_one_is_one_too(bench):
    bench.model.set("carbon_dioxide", 500)
    run(bench.device.calibrate(400), bench.sleep)
    assert bench.settled().read()["carbon_dioxide"] == 400
