import adafruit_vl53l0x
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.vl53l0x import VL53L0X, encoded, macro_periods, selected, settings
from edge_agent.testing import I2CContract
from simulators import vl53l0x


class TestContract(I2CContract):
    driver = VL53L0X
    model = vl53l0x.VL53L0X


@pytest.fixture
def bench(bench_of):
    return bench_of(VL53L0X, vl53l0x.VL53L0X)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_vl53l0x, "time", clock)
        chip = adafruit_vl53l0x.VL53L0X(busio)
        return lambda: {"distance": chip.distance / 100}

    agree(adafruit, VL53L0X, vl53l0x.VL53L0X)


@pytest.mark.parametrize("milliseconds", [25, 33, 200, 1000])
def test_adafruits_driver_computes_the_same_timeouts(bench_of, busio_of, milliseconds):
    bench = bench_of(VL53L0X, vl53l0x.VL53L0X, timing_budget=milliseconds)
    chip = adafruit_vl53l0x.VL53L0X(busio_of(bench.bus))
    chip.measurement_timing_budget = milliseconds * 1000 + 1320 - 1910  # it counts a shorter start
    theirs = bytes(bench.model._pages[0][0x70:0x73])
    bench.setup()
    assert bytes(bench.model._pages[0][0x70:0x73]) == theirs


def test_the_timeouts_are_those_of_its_makers_default():
    held = settings(33_000, 0.25, long_range=False)
    assert held[0x50] == b"\x06\x00\x96"
    assert held[0x44] == b"\x00\x20\x25"
    assert macro_periods(8087, 14) == 151
    assert macro_periods(2055, 18) == 30


@pytest.mark.parametrize(
    "periods, code", [(1, "0000"), (151, "0096"), (256, "00ff"), (257, "0180"), (511, "01ff")]
)
def test_a_timeout_has_an_exponent_and_a_mantissa(periods, code):
    assert encoded(periods) == bytes.fromhex(code)


def test_the_first_good_photodiodes_are_selected():
    assert selected(b"\xff\xff\xff\xff\xff\xff", 3, 0) == b"\x07\x00\x00\x00\x00\x00"
    assert selected(b"\xff\xaf\xff\xff\xff\xff", 3, 12) == b"\x00\xa0\x01\x00\x00\x00"


@pytest.mark.parametrize("milliseconds", [20, 33, 200, 1000])
@pytest.mark.parametrize("long_range", [False, True])
def test_a_measurement_takes_its_time_and_no_longer(bench_of, milliseconds, long_range):
    options = {"timing_budget": milliseconds, "long_range": long_range}
    bench = bench_of(VL53L0X, vl53l0x.VL53L0X, **options)
    assert bench.read() == {"distance": pytest.approx(0.8, abs=0.001)}
    assert bench.model._seconds() == pytest.approx(milliseconds / 1000, rel=0.01, abs=0.0003)


def test_long_range_takes_weaker_echoes(bench_of):
    bench = bench_of(VL53L0X, vl53l0x.VL53L0X, long_range=True)
    bench.setup()
    assert bytes(bench.model._pages[0][0x44:0x46]) == b"\x00\x0d"


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"timing_budget": 19}, "timing_budget is 19: wanted 20 to 1000 ms"),
        ({"timing_budget": 1001}, "timing_budget is 1001: wanted 20 to 1000 ms"),
        ({"signal_rate_limit": 0}, "signal_rate_limit is 0: wanted 0.01 to 100"),
    ],
)
def test_settings_that_cannot_be_are_refused(bench_of, options, wanted):
    with pytest.raises(ValueError, match=wanted):
        bench_of(VL53L0X, vl53l0x.VL53L0X, **options)


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("VL53L0X", certain=True)
    bench.model._pages[0][0xC2] = 0x11
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its ids are ee aa 11"):
        bench.setup()


def test_a_setup_that_was_interrupted_on_another_page_is_begun_again(bench):
    bench.device._port.write(b"\xff\x01")
    assert bench.device.identify() is None
    assert bench.read() == {"distance": pytest.approx(0.8, abs=0.001)}


def test_no_target_is_no_distance(ready):
    ready.model.set("distance", 3)
    with pytest.raises(OutOfRange, match="too little light returns"):
        ready.measure()


def test_what_is_too_near_is_refused(ready):
    ready.model.set("distance", 0.01)
    with pytest.raises(OutOfRange, match=r"0\.03 to 2 m"):
        ready.measure()


# VL53L0X_get_pal_range_status of ST's API: 11 alone is a valid range
@pytest.mark.parametrize("status", [n for n in range(16) if n != 11])
def test_any_other_status_gives_no_distance(ready, monkeypatch, status):
    monkeypatch.setattr(vl53l0x, "VALID", status)
    with pytest.raises((OutOfRange, NotReady), match=r"no distance: |its status is \d"):
        ready.measure()


def test_a_laser_that_is_dead_is_no_target(ready):
    ready.model.wear_out()
    with pytest.raises(NotReady, match="its status is 1"):
        ready.measure()


def test_quarters_of_a_millimetre_are_noticed(ready):
    ready.device._port.write(b"\x09\x01")
    with pytest.raises(LostConfiguration, match="configured 00 04, holds 01 04"):
        ready.measure()


@pytest.mark.parametrize("seconds", [0, 0.01, 0.036])
def test_another_programs_repeated_measurement_is_noticed(ready, seconds):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.sleep(seconds)
    ready.device._port.write(b"\x00\x02")
    with pytest.raises((LostConfiguration, NotReady)):
        for wait in steps:
            ready.sleep(wait)


def test_a_flag_that_does_not_go_is_noticed(ready, monkeypatch):
    monkeypatch.setattr(vl53l0x, "CLEAR", 0xFE)
    with pytest.raises(NotReady, match="its flag for a new result stays"):
        ready.measure()
