import adafruit_veml7700
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.veml7700 import (
    GAINS,
    INTEGRATION_TIMES,
    VEML7700,
    configuration,
    illuminance,
    lux_per_count,
)
from edge_agent.testing import I2CContract
from simulators import faults, veml7700


class TestContract(I2CContract):
    driver = VEML7700
    model = veml7700.VEML7700


class TestContractOfTheAutomaticGain(TestContract):
    options = {"gain": "auto"}


@pytest.mark.parametrize("lux, measurements", [(0, 2), (40, 2), (60, 1), (30_000, 1), (35, 2)])
def test_in_dim_light_the_automatic_gain_measures_again_and_more_finely(
    bench_of, lux, measurements
):
    bench = bench_of(VEML7700, veml7700.VEML7700, gain="auto")
    bench.setup()
    for light in (lux, 20_000, lux):
        bench.model.set("illuminance", light)
        bench.waits.clear()
        step = 0.034 if light < 50 else 0.02 * light
        assert bench.measure()["illuminance"] == pytest.approx(light, abs=step)
        assert len([each for each in bench.waits if each > 0.1]) == (
            measurements if light == lux else 1
        )


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_veml7700.VEML7700(busio)
        clock.sleep(0.2)
        # Its `lux` is not corrected for bright light, and its `autolux` waits for real time
        return lambda: {"illuminance": chip.compute_lux(chip.light, use_correction=True)}

    agree(adafruit, VEML7700, veml7700.VEML7700)


@pytest.fixture
def bench(bench_of):
    return bench_of(VEML7700, veml7700.VEML7700)


def lux(bench, value):
    bench.model.set("illuminance", value)
    return bench.measure()["illuminance"]


# Application note, table of resolutions
@pytest.mark.parametrize(
    "gain, time, expected",
    [
        ("2", 800, 0.0042),
        ("2", 100, 0.0336),
        ("1", 800, 0.0084),
        ("1", 100, 0.0672),
        ("1/4", 100, 0.2688),
        ("1/8", 100, 0.5376),
        ("1/8", 25, 2.1504),
    ],
)
def test_a_count_is_worth_less_at_a_higher_gain_and_a_longer_time(gain, time, expected):
    assert lux_per_count(gain, time) == pytest.approx(expected)


@pytest.mark.parametrize(
    "linear, corrected", [(0, 0), (1, 1.0024), (100, 101.04), (1000, 1075.0), (10000, 14793.4)]
)
def test_bright_light_is_corrected_and_dim_light_hardly(linear, corrected):
    assert illuminance(linear) == pytest.approx(corrected, rel=1e-4)


def test_brighter_light_is_never_less():
    values = [illuminance(n) for n in range(0, 30_000, 10)]
    assert values == sorted(values)


@pytest.mark.parametrize(
    "gain, time, word",
    [("1/8", 100, 0x1002), ("1", 100, 0x0002), ("2", 800, 0x08C2), ("1/4", 25, 0x1B02)],
)
def test_a_configuration_has_its_fields_where_the_datasheet_says(gain, time, word):
    assert configuration(gain, time) == word


@pytest.mark.parametrize("gain", list(GAINS))
@pytest.mark.parametrize("time", list(INTEGRATION_TIMES))
def test_every_setting_measures_its_whole_range_and_refuses_more(bench_of, gain, time):
    bench = bench_of(VEML7700, veml7700.VEML7700, gain=gain, integration_time=time)
    (channel,) = bench.device.channels
    bench.setup()
    for n in range(21):
        value = channel.high * n / 20
        assert lux(bench, value) == pytest.approx(value, abs=channel.resolution)
    with pytest.raises(OutOfRange):
        lux(bench, channel.high * 1.1)


@pytest.mark.parametrize("value", [0.0, 0.3, 5.0, 47.0, 300.0])
def test_dim_light_is_measured_to_a_count(bench, value):
    bench.setup()
    assert lux(bench, value) == pytest.approx(value, abs=0.55 / 2)


def test_the_default_reaches_the_brightest_light_of_the_datasheet(bench):
    assert bench.device.channels[0].high == 140_000


def test_light_that_saturates_the_chip_is_refused_with_the_remedy(bench_of):
    bench = bench_of(VEML7700, veml7700.VEML7700, gain="2")
    bench.setup()
    with pytest.raises(OutOfRange, match=r"brighter than 2516 lx \(use a smaller `gain`"):
        lux(bench, 5000)


def test_light_between_two_results_is_not_taken_from_the_older_one(bench):
    bench.setup()
    lux(bench, 100)
    bench.sleep(0.07)
    assert lux(bench, 400) == pytest.approx(400, abs=0.6)


def test_a_slow_oscillator_is_waited_for_but_not_for_ever(bench):
    bench.setup()
    bench.model.slowness = 1.8
    assert lux(bench, 500) == pytest.approx(500, abs=0.6)
    bench.model.slowness = 2.5
    with pytest.raises(NotReady, match="twice the integration time"):
        lux(bench, 700)


def test_a_flag_of_an_earlier_result_is_not_taken_for_that_of_this_one(bench):
    bench.setup()
    lux(bench, 100)
    bench.sleep(1)
    bench.model.slowness = 1000
    with pytest.raises(NotReady):
        lux(bench, 400)


def test_the_chip_is_certain_by_its_id(bench):
    assert bench.device.identify() == Identity("VEML7700", certain=True)


@pytest.mark.parametrize("word", [0x0000, 0xFFFF])
def test_an_older_chip_without_an_id_is_assumed_and_measured(bench, word):
    bench.model._registers[7] = word
    assert bench.device.identify() == Identity("VEML7700", certain=False)
    bench.setup()
    assert lux(bench, 300) == pytest.approx(300, abs=0.6)


def test_another_id_is_another_chip(bench):
    bench.model._registers[7] = 0xC482
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its id is c482"):
        bench.setup()


def test_a_chip_that_does_not_keep_its_configuration_is_another(bench, monkeypatch):
    monkeypatch.setattr(bench.model, "_store", lambda word: None)
    with pytest.raises(WrongChip, match="wrote 1003, its register 0 is 0001"):
        bench.setup()


def test_setup_ends_a_power_saving_mode(bench):
    bench.device._port.write(b"\x03\x07\x00")
    bench.setup()
    assert register(bench, 3) == 0


@pytest.mark.parametrize("ones, words", [(True, "answers ff only"), (False, "answers 00 only")])
def test_a_silent_line_is_called_so(bench, ones, words):
    bench.setup()
    bench.strike(faults.ConstantFrame, ones=ones)
    with pytest.raises(DeadFrame, match=words):
        bench.measure()


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_a_brown_out_is_noticed_by_the_configuration(bench, seconds):
    bench.setup()
    bench.strike(faults.BrownOut, at=bench.clock.monotonic() + seconds)
    with pytest.raises((LostConfiguration, NotReady)):
        bench.measure()
    with pytest.raises(LostConfiguration, match="configured 1002, holds 0001"):
        bench.measure()


def test_two_reads_of_a_result_that_differ_are_refused(bench, bench_of, flipped_bit):
    clean = bench_of(VEML7700, veml7700.VEML7700)
    for each in (clean, bench):
        each.setup()
    *_, second, _ = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=second, bit=8)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.measure()


def register(bench, number):
    return int.from_bytes(bench.device._port.write_read(bytes([number]), 2), "little")


def test_the_model_is_shut_down_at_power_on(bench):
    assert [register(bench, n) for n in range(9)] == [1, 0, 0, 0, 0, 0, 0, 0xC481, 0]
    bench.sleep(1)
    assert register(bench, 4) == 0


def test_the_model_measures_on_and_on_once_it_runs(bench):
    bench.device._port.write(b"\x00\x00\x00")  # gain 1, 100 ms
    for value, count in ((0, 0), (100, 1474), (50, 741), (100_000, 65535)):
        bench.model.set("illuminance", value)
        bench.sleep(0.11)
        register(bench, 4)
        bench.sleep(0.11)
        assert register(bench, 4) == pytest.approx(count, abs=2)


def test_the_models_flags_show_which_threshold_was_crossed_until_they_are_read(bench):
    port = bench.device._port
    port.write(b"\x01\x00\x10")
    port.write(b"\x02\x00\x04")
    port.write(b"\x00\x02\x00")
    for value, flags in ((300, 0x4000), (10, 0x8000), (100, 0)):
        bench.model.set("illuminance", value)
        bench.sleep(0.12)
        register(bench, 6)
        bench.sleep(0.12)
        register(bench, 6)
        bench.sleep(0.12)
        assert register(bench, 6) == flags
        assert register(bench, 6) == 0


def test_no_write_changes_the_models_result(bench):
    bench.device._port.write(b"\x04\x12\x34")
    assert register(bench, 4) == 0
