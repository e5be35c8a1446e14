import adafruit_ens160
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.ens160 import ENS160, compensation
from edge_agent.testing import I2CContract
from simulators import ens160


class Warm(ens160.ENS160):
    """Has been warmed up."""

    warm_up = 0.0


class TestContract(I2CContract):
    driver = ENS160
    model = ens160.ENS160
    settle = 2.2

    @pytest.fixture(autouse=True)
    def warm(self, monkeypatch):
        """Let every chip have been warmed up."""
        monkeypatch.setattr(ens160.ENS160, "warm_up", 0.0)


@pytest.fixture
def bench(bench_of):
    return bench_of(ENS160, Warm)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_ens160, "time", clock)
        chip = adafruit_ens160.ENS160(busio)
        clock.sleep(1.1)
        assert chip.new_data_available
        found = chip.read_all_sensors()
        return lambda: {"aqi": found["AQI"], "eco2": found["eCO2"], "tvoc": found["TVOC"]}

    agree(adafruit, ENS160, Warm)


def test_the_surroundings_are_words_with_the_low_byte_first():
    assert compensation(50, 25) == b"\x8a\x4a\x00\x64"


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"humidity": 101}, "humidity is 101: wanted 0 to 100"),
        ({"temperature": -46}, "temperature is -46: wanted -40 to 85"),
    ],
)
def test_surroundings_that_cannot_be_are_refused(bench_of, options, wanted):
    with pytest.raises(ValueError, match=wanted):
        bench_of(ENS160, Warm, **options)


@pytest.mark.parametrize("chip_id, chip", [(0x0160, "ENS160"), (0x0161, "ENS161")])
def test_both_chips_are_certain_by_their_part_numbers(bench, chip_id, chip):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    assert bench.device.identify() == Identity(chip, certain=True)
    assert bench.read() == {"aqi": 1, "eco2": 450, "tvoc": 40}


def test_another_part_number_is_another_chip(bench):
    bench.model.chip_id = 0x0170
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its part number is 0170"):
        bench.setup()


def test_no_value_comes_before_the_chip_is_warm(bench_of):
    bench = bench_of(ENS160, ens160.ENS160)
    bench.setup()
    with pytest.raises(NotReady, match="it warms up, for three minutes"):
        bench.measure()
    bench.sleep(180)
    assert bench.measure() == {"aqi": 1, "eco2": 450, "tvoc": 40}


@pytest.mark.parametrize("phase, words", [(2, "for the first time, for an hour"), (3, "invalid")])
def test_a_result_that_the_chip_does_not_stand_by_is_none(ready, monkeypatch, phase, words):
    monkeypatch.setattr(ens160, "RUNS", 0x80 | phase << 2)
    with pytest.raises(NotReady, match=words):
        ready.measure()


def test_a_setup_leaves_a_chip_that_runs_warm(bench_of):
    bench = bench_of(ENS160, ens160.ENS160)
    bench.setup()
    bench.sleep(180)
    bench.setup()
    assert bench.measure()["eco2"] == 450


def test_the_chip_gets_the_surroundings_that_other_devices_measure(ready):
    ready.device.compensate("humidity_from", 35.5)
    ready.device.compensate("temperature_from", 12.25)
    assert ready.measure()["eco2"] == 450
    assert bytes(ready.model._registers[0x13:0x17]) == compensation(35.5, 12.25)
    begin = len(ready.bus.messages)
    ready.measure()
    assert b"\x13" not in {one.written[:1] for one in ready.bus.messages[begin:]
                           if one.written and len(one.written) > 1}  # fmt: skip


@pytest.mark.parametrize("value", [None, 100.5, -0.1])
def test_without_a_measured_humidity_the_one_that_is_given_counts(ready, value):
    for measured in (35.5, value):
        ready.device.compensate("humidity_from", measured)
        ready.measure()
    assert bytes(ready.model._registers[0x13:0x17]) == compensation(50, 25)


def test_other_surroundings_are_noticed(ready):
    ready.device._port.write(b"\x15\x00\x20")
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_chip_that_sleeps_is_noticed(ready):
    ready.model.power_on()
    with pytest.raises(LostConfiguration, match="it does not run"):
        ready.measure()


def test_a_chip_that_has_no_result_is_not_ready(ready):
    ready.model.slowness = 3
    ready.measure()
    with pytest.raises(NotReady, match="for longer than a second"):
        ready.measure()
