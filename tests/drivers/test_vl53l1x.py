import adafruit_vl53l1x
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.vl53l1x import DEFAULT, MODES, VL53L1X, configuration
from edge_agent.testing import I2CContract
from simulators import vl53l0x, vl53l1x


class TestContract(I2CContract):
    driver = VL53L1X
    model = vl53l1x.VL53L1X


@pytest.fixture
def bench(bench_of):
    return bench_of(VL53L1X, vl53l1x.VL53L1X)


@pytest.fixture
def begun(monkeypatch):
    """A function: Adafruit's driver of a chip."""

    def begun(busio, clock):
        monkeypatch.setattr(adafruit_vl53l1x, "time", clock)
        return adafruit_vl53l1x.VL53L1X(busio)

    return begun


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, begun):
    def adafruit(busio, clock):
        chip = begun(busio, clock)
        chip.distance_mode = 2
        chip.start_ranging()
        clock.sleep(0.2)
        return lambda: {"distance": chip.distance / 100}

    agree(adafruit, VL53L1X, vl53l1x.VL53L1X)


@pytest.mark.parametrize("number, mode", [(1, "short"), (2, "long")])
@pytest.mark.parametrize("milliseconds", [20, 33, 50, 100, 200, 500])
def test_adafruits_driver_configures_the_same(bench, busio_of, begun, milliseconds, number, mode):
    chip = begun(busio_of(bench.bus), bench.clock)
    chip.distance_mode = number
    chip.timing_budget = milliseconds
    theirs, ours = bench.model._registers[0x46:0x86], configuration(MODES[mode], milliseconds)
    assert theirs == ours[0x46 - 0x2D : 0x86 - 0x2D]


def test_the_configuration_is_as_long_as_its_makers():
    assert len(DEFAULT) == 0x87 - 0x2D + 1
    assert DEFAULT[0x7F - 0x2D :][:2] == b"\xc7\xff"


@pytest.mark.parametrize("milliseconds", [20, 33, 50, 100, 200, 500])
@pytest.mark.parametrize("mode", ["short", "long"])
def test_a_measurement_takes_two_distances(bench_of, milliseconds, mode):
    options = {"timing_budget": milliseconds, "distance_mode": mode}
    bench = bench_of(VL53L1X, vl53l1x.VL53L1X, **options)
    bench.setup()
    bench.waits.clear()
    assert bench.measure() == {"distance": pytest.approx(1.2, abs=0.001)}
    assert sum(bench.waits) == pytest.approx(2 * milliseconds / 1000 + 0.03, abs=0.02)


def test_an_echo_of_an_earlier_pulse_is_no_distance(ready):
    ready.model.set("distance", 7.5)
    with pytest.raises(OutOfRange, match="the echo is that of an earlier pulse"):
        ready.measure()


def test_no_target_is_no_distance(bench_of):
    bench = bench_of(VL53L1X, vl53l1x.VL53L1X, distance_mode="short")
    bench.model.set("distance", 2)
    bench.setup()
    with pytest.raises(OutOfRange, match="too little light returns"):
        bench.measure()


def test_what_is_too_near_is_refused(ready):
    ready.model.set("distance", 0.02)
    with pytest.raises(OutOfRange, match=r"0\.04 to 4 m"):
        ready.measure()


# VL53L1X_GetRangeStatus of ST's API: 9 alone is a valid range
@pytest.mark.parametrize("status", [n for n in range(32) if n != 9])
def test_any_other_status_gives_no_distance(ready, monkeypatch, status):
    monkeypatch.setattr(vl53l1x, "VALID", status)
    with pytest.raises((OutOfRange, NotReady), match=r"no distance: |its status is \d"):
        ready.measure()


def test_a_laser_that_is_dead_is_no_target(ready):
    ready.model.wear_out()
    with pytest.raises(NotReady, match="its status is 3"):
        ready.measure()


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("VL53L1X", certain=True)
    bench.model._registers[0x110] = 0xAA
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its ids are ea aa"):
        bench.setup()


def test_a_vl53l0x_at_its_address_keeps_its_registers(bench):
    bench.replace(other := vl53l0x.VL53L0X(bench.clock))
    before = bytes(other._pages[0])
    assert bench.device.identify() is None
    assert bytes(other._pages[0]) == before


def test_another_programs_offset_is_noticed(ready):
    ready.device._port.write(b"\x00\x1e\x00\x50")
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_flag_that_does_not_go_is_noticed(ready, monkeypatch):
    ready.model._flag(new=True)
    monkeypatch.setattr(vl53l1x, "CLEAR", 0x2FE)
    with pytest.raises(NotReady, match="its flag for a new result stays"):
        ready.measure()
