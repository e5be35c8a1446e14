import adafruit_sgp40
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import NotReady, WrongChip
from drivers.sgp40 import SGP40, compensation
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums
from simulators import faults, sgp40


class TestContract(FramesWithChecksums, I2CContract):
    driver = SGP40
    model = sgp40.SGP40
    patience = 61.0
    blind = dict.fromkeys(
        [
            "test_a_setting_that_another_program_changes_gives_no_wrong_value",
            "test_a_chip_exchanged_for_another_of_its_kind_gives_no_wrong_value",
            "test_a_chip_that_restarted_between_two_polls_gives_no_wrong_value",
            "test_a_brown_out_before_any_message_gives_no_wrong_value",
            "test_a_brown_out_is_no_harm_after_the_next_setup",
            "test_a_chip_put_back_without_a_setup_gives_no_wrong_value",
        ],
        SGP40.blind[0],
    )


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_sgp40, "sleep", clock.sleep)
        chip = adafruit_sgp40.SGP40(busio)
        assert chip.raw  # which switches its hotplate on
        clock.sleep(60)
        return lambda: {"voc_raw": chip.raw}

    agree(adafruit, SGP40, sgp40.SGP40)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(SGP40, sgp40.SGP40)
    bench.setup()
    return bench


# The datasheet's (table 9)
@pytest.mark.parametrize(
    "humidity, temperature, words",
    [
        (50, 25, "8000a2 666693"),
        (0, -45, "000081 000081"),
        (100, 130, "ffffac ffffac"),
    ],
)
def test_the_surroundings_are_words_with_a_checksum(humidity, temperature, words):
    assert compensation(humidity, temperature) == bytes.fromhex(words)


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"humidity": 101}, "humidity is 101: wanted 0 to 100"),
        ({"humidity": -1}, "humidity is -1: wanted 0 to 100"),
        ({"temperature": -46}, "temperature is -46: wanted -45 to 130"),
        ({"temperature": 131}, "temperature is 131: wanted -45 to 130"),
    ],
)
def test_surroundings_that_no_word_can_say_are_refused(bench_of, options, wanted):
    with pytest.raises(ValueError, match=wanted):
        bench_of(SGP40, sgp40.SGP40, **options)


def test_the_chip_gets_its_surroundings(bench_of):
    bench = bench_of(SGP40, sgp40.SGP40, humidity=70.0, temperature=-10.0)
    bench.read()
    assert bench.model.compensation == pytest.approx((70, -10), abs=0.002)


def test_the_chip_gets_the_surroundings_that_other_devices_measure(bench_of):
    bench = bench_of(SGP40, sgp40.SGP40, humidity=70.0, humidity_from="air.humidity")
    bench.device.compensate("humidity_from", 35.5)
    bench.device.compensate("temperature_from", 12.25)
    bench.read()
    assert bench.model.compensation == pytest.approx((35.5, 12.25), abs=0.002)


@pytest.mark.parametrize("value", [None, 101.0, -0.1])
def test_without_a_measured_humidity_the_one_that_is_given_counts(bench_of, value):
    bench = bench_of(SGP40, sgp40.SGP40, humidity=70.0, humidity_from="air.humidity")
    for measured in (35.5, value):
        bench.device.compensate("humidity_from", measured)
    bench.read()
    assert bench.model.compensation == pytest.approx((70, 25), abs=0.002)


def test_the_chip_is_certain_by_its_feature_set(bench):
    assert bench.device.identify() == Identity("SGP40", certain=True)


@pytest.mark.parametrize("kind", [0x40, 0x22, 0x00, 0xFF])
def test_another_feature_set_is_another_chip(bench, kind):
    bench.model.chip_id = kind
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match=f"no SGP40: its feature set is 32{kind:02x}"):
        bench.setup()


def test_a_feature_set_with_a_wrong_checksum_is_none(bench):
    bench.strike(faults.ConstantFrame, ones=True)
    assert bench.device.identify() is None


def test_no_value_comes_before_the_hotplate_has_been_on_for_a_minute(bench):
    assert bench.clock.monotonic() - bench.model.heated_since >= 60


def test_a_setup_broken_off_continues_where_it_was(bench_of):
    bench = bench_of(SGP40, sgp40.SGP40)
    steps = bench.device.setup()
    while bench.clock.monotonic() < 40:
        bench.sleep(next(steps))
    steps.close()
    bench.setup()
    assert bench.clock.monotonic() < 63
    assert bench.clock.monotonic() - bench.model.heated_since >= 60


def test_a_setup_after_a_failure_warms_up_again(bench):
    bench.model.power_on()
    bench.setup()
    assert bench.clock.monotonic() - bench.model.heated_since >= 60


def test_a_measurement_broken_off_at_once_does_not_stop_the_next_setup(bench):
    next(bench.device.measure())
    assert bench.read() == {"voc_raw": 30000}


def test_the_longest_time_of_the_datasheet_is_waited_for(bench):
    bench.waits.clear()
    bench.model.slowness = 1.19
    assert bench.measure() == {"voc_raw": 30000}
    assert bench.waits == [0.030]


def test_a_missing_answer_is_not_taken_for_a_chip_that_is_not_there(bench):
    bench.model.slowness = 2
    with pytest.raises(NotReady, match="longest time"):
        bench.measure()


@pytest.mark.parametrize("data", ["260f", "260f8000a2666600", "260f8000a2", "260f8000006666a2"])
def test_the_model_takes_no_surroundings_with_a_wrong_checksum(bench, data):
    with pytest.raises(ConnectionError):
        bench.device._port.write(bytes.fromhex(data))


def test_the_model_acknowledges_nothing_while_it_measures(bench):
    bench.device._port.write(bytes.fromhex("260f8000a2666693"))
    with pytest.raises(ConnectionError):
        bench.device._port.read(3)


def test_the_models_hotplate_can_be_switched_off(bench):
    bench.device._port.write(b"\x36\x15")
    assert bench.model.heated_since is None
