import adafruit_sgp30
import pytest

from drivers.base.driver import Identity, run
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.sensirion import read_words
from drivers.sgp30 import SGP30, absolute_humidity
from edge_agent.testing import I2CContract
from simulators import sgp30, sht4x
from simulators.base.sensirion import with_crc

CLEAN_AIR, OTHERS = SGP30.blind
BELOW = "test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range[below]"


class TestContract(I2CContract):
    driver = SGP30
    model = sgp30.SGP30
    patience = 16.0
    blind = {
        BELOW: CLEAN_AIR,
        "test_a_setting_that_another_program_changes_gives_no_wrong_value": OTHERS,
    }


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_sgp30, "time", clock)
        chip = adafruit_sgp30.Adafruit_SGP30(busio)
        for _ in range(16):
            chip.iaq_measure()
            clock.sleep(1)
        return lambda: dict(zip(("eco2", "tvoc"), chip.iaq_measure(), strict=True))

    agree(adafruit, SGP30, sgp30.SGP30)


@pytest.fixture
def bench(bench_of):
    return bench_of(SGP30, sgp30.SGP30)


@pytest.fixture
def warm(bench):
    bench.setup()
    bench.bus.messages.clear()
    return bench


def written(bench):
    return [message.written for message in bench.bus.messages if message.written is not None]


def broken_off(bench, seconds):
    """Set up as the agent does that gives up after so many seconds."""
    steps = bench.device.setup()
    end = bench.clock.monotonic() + seconds
    for wait in steps:
        if bench.clock.monotonic() + wait > end:
            steps.close()
            return
        bench.sleep(wait)


@pytest.mark.parametrize("version", [0x20, 0x22])
def test_the_chip_is_certain_by_its_feature_set(bench, version):
    bench.model.chip_id = version
    assert bench.device.identify() == Identity("SGP30", certain=True)


@pytest.mark.parametrize("word", [0x0040, 0x1022, 0x3220, 0x0000])
def test_another_feature_set_is_another_chip(bench, word):
    bench.model._feature_set = lambda: word
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no SGP30: it has another feature set"):
        bench.setup()


def test_a_chip_that_answers_nothing_is_another(bench):
    bench.replace(sht4x.SHT4x(bench.clock))
    with pytest.raises(ConnectionError):
        bench.setup()


def test_setup_lets_the_algorithm_run_for_15_seconds_of_one_measurement_each(bench):
    bench.setup()
    assert written(bench) == [b"\x20\x2f", b"\x20\x15", b"\x20\x03", *[b"\x20\x08"] * 15]
    assert bench.waits[-15:] == [1.0] * 15


def test_the_fixed_values_of_the_warm_up_never_come_out(bench):
    bench.model.set("eco2", 2000)
    bench.device._port.write(b"\x20\x03")
    bench.sleep(5)
    with pytest.raises(LostConfiguration, match="algorithm does not run"):
        bench.measure()


def test_a_setup_broken_off_continues_where_it_was(bench):
    for _ in range(4):
        broken_off(bench, 5.0)
    assert written(bench).count(b"\x20\x03") == 1
    assert bench.measure() == {"eco2": 520, "tvoc": 35}


def test_a_second_setup_does_not_disturb_an_algorithm_that_runs(warm):
    warm.setup()
    assert written(warm) == [b"\x20\x2f", b"\x20\x08"]


def test_a_new_start_keeps_what_the_algorithm_has_learnt(warm):
    warm.measure()
    warm.model._baseline = (0x1234, 0x5678)
    warm.device._warmed = 0  # another process
    warm.read()
    assert warm.model._baseline == (0x1234, 0x5678)
    assert b"\x20\x1e" + with_crc(0x5678) + with_crc(0x1234) in written(warm)


def test_clean_air_differs_from_an_algorithm_that_does_not_run(warm):
    warm.measure()
    warm.model.set("eco2", 400)
    warm.model.set("tvoc", 0)
    assert warm.measure() == {"eco2": 400, "tvoc": 0}


def test_a_brown_out_is_reported_and_the_next_setup_warms_it_up_again(warm):
    warm.measure()
    warm.model.power_on()
    with pytest.raises(LostConfiguration):
        warm.measure()
    assert warm.read() == {"eco2": 520, "tvoc": 35}
    assert written(warm).count(b"\x20\x03") == 1


def test_a_brown_out_while_it_warms_up_is_reported(bench):
    steps = bench.device.setup()
    for _ in range(8):
        bench.sleep(next(steps))
    bench.model.power_on()
    run(steps, bench.sleep)
    with pytest.raises(LostConfiguration):
        bench.measure()


def test_the_longest_time_of_the_datasheet_is_waited_for(warm):
    warm.waits.clear()
    warm.model.slowness = 1.2
    assert warm.measure() == {"eco2": 520, "tvoc": 35}
    assert warm.waits == [0.012]


def test_a_missing_answer_is_not_taken_for_a_chip_that_is_not_there(warm):
    warm.model.slowness = 2
    with pytest.raises(NotReady, match="longest time"):
        warm.measure()


@pytest.mark.parametrize(
    "words, channel", [((399, 0), "eco2"), ((60001, 0), "eco2"), ((400, 60001), "tvoc")]
)
def test_a_value_beyond_the_datasheet_is_refused(warm, words, channel):
    warm.model._measured = lambda: words
    with pytest.raises(OutOfRange):
        warm.value(channel)


# The formula of the datasheet (humidity compensation), whose witness is the vapour's own density
@pytest.mark.parametrize(
    "percent, celsius, grams",
    [(50, 25, 11.5), (100, 0, 4.85), (20, 40, 10.2), (None, 25, 0), (50, None, 0), (101, 25, 0)],
)
def test_a_humidity_is_grams_in_a_cubic_metre(percent, celsius, grams):
    assert absolute_humidity(percent, celsius) / 256 == pytest.approx(grams, abs=0.1)


def test_the_chip_gets_the_humidity_that_other_devices_measure_before_each_measurement(bench_of):
    options = {"humidity_from": "air.humidity", "temperature_from": "air.temperature"}
    bench = bench_of(SGP30, sgp30.SGP30, **options)
    for option, value in (("humidity_from", 50.0), ("temperature_from", 25.0)):
        bench.device.compensate(option, value)
    bench.read()
    assert bench.model._humidity / 256 == pytest.approx(11.5, abs=0.1)
    bench.device.compensate("humidity_from", None)
    assert not bench.wrong(bench.measure())
    assert bench.model._humidity == 0


def test_one_of_both_channels_alone_is_refused(bench_of):
    with pytest.raises(ValueError, match="give both, or none"):
        bench_of(SGP30, sgp30.SGP30, humidity_from="air.humidity")


def test_the_model_says_400_and_0_until_its_algorithm_has_run_for_15_seconds(bench):
    port = bench.device._port

    def measured():
        port.write(b"\x20\x08")
        bench.sleep(0.012)
        return read_words(port, 2)

    assert measured() == (400, 0)
    port.write(b"\x20\x03")
    found = []
    for _ in range(17):
        bench.sleep(1)
        found.append(measured())
    assert found[:14] == [(400, 0)] * 14
    assert found[-1] == (520, 35)


def test_the_model_takes_no_baseline_with_a_wrong_checksum(bench):
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\x20\x1e\x12\x34\x00\x56\x78\x00")
