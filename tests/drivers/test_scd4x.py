import adafruit_scd4x
import pytest

from drivers.base.driver import Identity, run
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.scd4x import SCD4x
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, RefusesTemperatures
from simulators import ads1115, scd4x


class TestContract(FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = SCD4x
    model = scd4x.SCD4x
    settle = 5.1
    patience = 12.0


class TestContractOfAllOptions(TestContract):
    options = {"altitude": 0, "temperature_offset": 4.0, "self_calibration": False}


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


def test_a_height_changes_the_concentration_unless_it_is_told(bench_of):
    for options, ppm in (({}, 785), ({"altitude": 2000}, 1000), ({"ambient_pressure": 795}, 1000)):
        bench = bench_of(SCD4x, scd4x.SCD4x, settle=5.1, **options)
        bench.model.pressure = 795.0  # hPa, 2000 m above the sea
        bench.model.set("carbon_dioxide", 1000)
        assert bench.read()["carbon_dioxide"] == pytest.approx(ppm, abs=2)


def test_an_offset_takes_off_by_how_much_the_board_warms_the_chip(bench_of):
    bench = bench_of(SCD4x, scd4x.SCD4x, settle=5.1, temperature_offset=5.0)
    bench.model.set("temperature", 21)
    assert bench.read()["temperature"] == pytest.approx(20, abs=0.02)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_self_calibration_is_on_or_off_as_wanted(bench_of, wanted):
    bench = bench_of(SCD4x, scd4x.SCD4x, settle=5.1, self_calibration=wanted)
    bench.setup()
    assert bench.model._held[0x2313] == wanted


def test_a_setting_that_the_chip_does_not_keep_is_no_setup(bench_of, monkeypatch):
    bench = bench_of(SCD4x, scd4x.SCD4x, settle=5.1, altitude=500)
    monkeypatch.setattr(bench.model, "_held", Kept(bench.model._held))
    with pytest.raises(LostConfiguration, match="altitude is 0000 instead of 01f4"):
        bench.setup()


class Kept(dict):
    """A memory that nothing is written to."""

    def __setitem__(self, key, value):
        pass


@pytest.mark.parametrize(
    "options, why",
    [
        ({"altitude": -1}, "altitude is -1: wanted 0 to"),
        ({"altitude": 9000}, "altitude is 9000: wanted 0 to"),
        ({"ambient_pressure": 500}, "ambient_pressure is 500: wanted 700 to"),
        ({"temperature_offset": 21}, "temperature_offset is 21: wanted 0 to 20 °C"),
        ({"altitude": 1, "ambient_pressure": 1000}, "give one, they say the same"),
    ],
)
def test_an_option_that_the_chip_cannot_have_is_refused(bench_of, options, why):
    with pytest.raises(ValueError, match=why):
        bench_of(SCD4x, scd4x.SCD4x, **options)


def test_a_forced_calibration_corrects_what_is_measured_from_then_on(bench):
    bench.model.set("carbon_dioxide", 500)
    assert run(bench.device.calibrate(420), bench.sleep) == -80
    bench.model.set("carbon_dioxide", 600)
    bench.settled()
    assert bench.read()["carbon_dioxide"] == 520


def test_a_calibration_that_fails_says_so(bench, monkeypatch):
    monkeypatch.setattr(scd4x, "SETTLED", 1000.0)
    with pytest.raises(NotReady, match="calibration has failed"):
        run(bench.device.calibrate(420), bench.sleep)
    bench.settled()
    assert not bench.wrong(bench.read())
