import adafruit_tsl2591
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
from drivers.tsl2591 import TSL2591, Counts, counts_per_lux, illuminance
from edge_agent.testing import I2CContract
from simulators import faults, tsl2591


class TestContract(I2CContract):
    driver = TSL2591
    model = tsl2591.TSL2591


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_tsl2591.TSL2591(busio)
        chip.disable()
        chip.gain = adafruit_tsl2591.GAIN_LOW
        chip.enable()
        clock.sleep(0.11)
        # Its `lux` is an older formula, of another device: the counts are what can be compared
        return lambda: {"illuminance": illuminance(Counts(*chip.raw_luminosity), 100 / 408)}

    agree(adafruit, TSL2591, tsl2591.TSL2591)


@pytest.fixture
def bench(bench_of):
    return bench_of(TSL2591, tsl2591.TSL2591)


def lux(bench, value):
    bench.model.set("illuminance", value)
    return bench.measure()["illuminance"]


@pytest.mark.parametrize(
    "full, infrared, expected",
    [
        (1000, 0, 1000),
        (1000, 132, 753.4),
        (1000, 500, 250),
        (1000, 1000, 0),
        (1000, 1100, 0),
        (0, 0, 0),
        (0, 1, 0),
    ],
)
def test_infrared_is_not_light_for_the_eye(full, infrared, expected):
    assert illuminance(Counts(full, infrared), 1.0) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    "gain, time, expected",
    [(1, 100, 0.2451), (25, 100, 6.1275), (428, 100, 104.9), (9876, 600, 14523.5)],
)
def test_counts_grow_with_gain_and_time(gain, time, expected):
    assert counts_per_lux(gain, time) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("gain", ["auto", "low", "medium", "high", "max"])
@pytest.mark.parametrize("time", [100, 200, 300, 400, 500, 600])
def test_every_setting_measures_its_whole_range_and_refuses_more(bench_of, gain, time):
    bench = bench_of(TSL2591, tsl2591.TSL2591, gain=gain, integration_time=time)
    (channel,) = bench.device.channels
    bench.setup()
    for n in range(21):
        value = channel.high * n / 20
        assert lux(bench, value) == pytest.approx(value, abs=channel.resolution)
    with pytest.raises(OutOfRange):
        lux(bench, channel.high * 1.1)


@pytest.mark.parametrize("gain, byte", [("low", 0x02), ("medium", 0x12), ("max", 0x32)])
def test_gain_and_time_are_fields_of_one_register(bench_of, gain, byte):
    bench = bench_of(TSL2591, tsl2591.TSL2591, gain=gain, integration_time=300)
    bench.setup()
    assert bench.device._port.write_read(b"\xa1", 1)[0] == byte


@pytest.mark.parametrize("value", [0.0, 0.5, 20.0, 4000.0])
def test_dim_light_is_measured_with_medium_gain(bench, value):
    bench.setup()
    bench.waits.clear()
    assert lux(bench, value) == pytest.approx(value, abs=0.33)
    assert len(bench.waits) == 1


@pytest.mark.parametrize("value", [5000.0, 20_000.0, 87_000.0])
def test_bright_light_is_measured_again_with_low_gain(bench, value):
    bench.setup()
    bench.waits.clear()
    assert lux(bench, value) == pytest.approx(value, abs=8.2)
    assert len(bench.waits) == 2
    assert lux(bench, 10) == pytest.approx(10, abs=0.33)


def test_infrared_that_saturates_its_photodiode_is_refused_with_the_remedy(bench_of):
    bench = bench_of(TSL2591, tsl2591.TSL2591, gain="medium")
    bench.model.infrared = 1.05  # a little more than the other photodiode sees
    bench.setup()
    assert lux(bench, 7) == 0
    with pytest.raises(OutOfRange, match=r'infrared is too bright .*\(use `gain` "auto"'):
        lux(bench, 16)


def test_light_that_is_mostly_infrared_saturates_earlier(bench_of):
    bench = bench_of(TSL2591, tsl2591.TSL2591, gain="medium")
    bench.model.infrared = 0.6  # 850 nm
    bench.setup()
    assert lux(bench, 900) == pytest.approx(900, abs=0.5)
    with pytest.raises(OutOfRange, match="too bright"):
        lux(bench, 1000)


@pytest.mark.parametrize("time, top", [(100, 36863), (200, 65535)])
def test_the_highest_code_is_none(bench_of, time, top):
    bench = bench_of(TSL2591, tsl2591.TSL2591, gain="low", integration_time=time)
    bench.model.infrared = 0.5
    bench.setup()
    per_count = 408 / time / 4
    assert lux(bench, (top - 1) * per_count) == pytest.approx((top - 1) * per_count, abs=8)
    with pytest.raises(OutOfRange, match="too bright"):
        lux(bench, top * per_count)


def test_the_longest_integration_of_the_datasheet_is_waited_for_and_no_longer_one(bench):
    bench.setup()
    bench.model.slowness = 1.08
    assert lux(bench, 500) == pytest.approx(500, abs=0.33)
    bench.model.slowness = 1.2
    with pytest.raises(NotReady, match="longest time"):
        lux(bench, 700)


def test_infrared_without_any_light_is_a_blind_photodiode(bench):
    bench.setup()
    bench.model.infrared = 1.5
    bench.model._full = lambda sensitivity: 400 if sensitivity else 0
    with pytest.raises(OutOfRange, match="600 counts of infrared, but 400 of all light"):
        bench.measure()


def test_light_between_two_results_is_not_taken_from_the_older_one(bench):
    bench.setup()
    lux(bench, 100)
    bench.sleep(0.07)
    assert lux(bench, 400) == pytest.approx(400, abs=0.33)


def test_the_chip_is_certain_by_its_id(bench):
    assert bench.device.identify() == Identity("TSL2591", certain=True)


def test_another_id_is_another_chip(bench):
    bench.model._registers[0x12] = 0x44
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no TSL2591: its id is 0x44"):
        bench.setup()


@pytest.mark.parametrize("seconds", [0, 0.05])
def test_a_brown_out_is_noticed(bench, seconds):
    bench.setup()
    bench.strike(faults.BrownOut, at=bench.clock.monotonic() + seconds)
    with pytest.raises((LostConfiguration, NotReady)):
        bench.measure()
    with pytest.raises(LostConfiguration, match="register 0 is 00 instead of 03"):
        bench.measure()


def test_a_brown_out_at_the_end_is_noticed(bench, bench_of):
    clean = bench_of(TSL2591, tsl2591.TSL2591)
    for each in (clean, bench):
        each.setup()
    *_, last = clean.moments(clean.measure)
    bench.strike(faults.BrownOut, at=last)
    with pytest.raises(LostConfiguration):
        bench.measure()


def damaged_at(bench_of, place):
    """A bench, and the moment of a read of the measurement, counted from its end."""
    clean, bench = bench_of(TSL2591, tsl2591.TSL2591), bench_of(TSL2591, tsl2591.TSL2591)
    for each in (clean, bench):
        each.setup()
    return bench, clean.moments(clean.measure, reads_only=True)[place]


def test_two_reads_of_a_result_that_differ_are_refused(bench_of, flipped_bit):
    bench, at = damaged_at(bench_of, -5)
    bench.strike(flipped_bit, at=at, bit=8)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.measure()


def test_a_line_that_falls_silent_is_called_so(bench_of):
    bench, at = damaged_at(bench_of, -5)
    bench.strike(faults.ConstantFrame, at=at)
    with pytest.raises(DeadFrame, match="answers ff instead of its id"):
        bench.measure()


def read(bench, register, count=1):
    return bench.device._port.write_read(bytes([0xA0 | register]), count)


def test_the_model_sleeps_at_power_on(bench):
    assert read(bench, 0, 32) == bytes(18) + b"\x50" + bytes(13)
    bench.sleep(1)
    assert read(bench, 0x13, 5) == bytes(5)


def test_the_model_needs_power_and_enable_to_measure(bench):
    port = bench.device._port
    for enable, valid in ((0x01, 0), (0x02, 0), (0x03, 1)):
        port.write(bytes([0xA0, enable]))
        bench.sleep(0.11)
        assert read(bench, 0x13)[0] == valid


def test_the_models_result_is_valid_no_more_once_it_starts_again(bench):
    port = bench.device._port
    port.write(b"\xa0\x03")
    bench.sleep(0.11)
    assert read(bench, 0x13) == b"\x01"
    port.write(b"\xa0\x01")
    port.write(b"\xa0\x03")
    assert read(bench, 0x13) == b"\x00"


def test_the_model_sees_infrared_as_the_datasheets_white_light_has_it(bench):
    bench.device._port.write(b"\xa0\x03\x10")  # enable, then control: the number goes up
    bench.model.set("illuminance", 1000)
    bench.sleep(0.11)
    read(bench, 0x13)
    bench.sleep(0.11)
    data = read(bench, 0x14, 4)
    full, infrared = (int.from_bytes(data[n : n + 2], "little") for n in (0, 2))
    assert infrared / full == pytest.approx(34.9 / 264.1, abs=0.001)


def test_the_model_forgets_everything_at_a_reset(bench):
    bench.setup()
    bench.device._port.write(b"\xa1\x80")
    assert read(bench, 0, 2) == bytes(2)


@pytest.mark.parametrize("command", [0x20, 0x80, 0xC0, 0xE0])
def test_the_model_takes_no_other_transaction_for_a_write(bench, command):
    bench.device._port.write(bytes([command, 0x03]))
    assert read(bench, 0) == b"\x00"


def test_no_write_changes_the_models_id_and_result(bench):
    for register in (0x12, 0x13, 0x14):
        bench.device._port.write(bytes([0xA0 | register, 0x77]))
    assert read(bench, 0x12, 3) == b"\x50\x00\x00"
