import adafruit_max44009
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.max44009 import MAX44009, NO_NEWS, illuminance
from edge_agent.testing import I2CContract
from simulators import max44009, tmp102


class TestContract(I2CContract):
    driver = MAX44009
    model = max44009.MAX44009
    settle = 1.0
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


@pytest.fixture
def bench(bench_of):
    return bench_of(MAX44009, max44009.MAX44009, settle=1.0)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_max44009.MAX44009(busio)
        clock.sleep(1)
        return lambda: {"illuminance": chip.lux}

    agree(adafruit, MAX44009, max44009.MAX44009)


@pytest.mark.parametrize(
    "high, low, lux", [(0, 0, 0), (0, 1, 0.045), (0x8F, 0x0F, 2937.6), (0xEF, 0x0F, 188_006.4)]
)
def test_an_exponent_and_a_mantissa_are_an_illuminance(high, low, lux):
    assert illuminance(high, low) == pytest.approx(lux)


@pytest.mark.parametrize("lux", [0.0, 0.3, 5.0, 300.0, 11_000.0, 187_000.0])
def test_light_is_measured_to_a_128th(ready, lux):
    ready.set("illuminance", lux)
    assert ready.measure()["illuminance"] == pytest.approx(lux, rel=1 / 256, abs=0.0225)


def test_light_that_is_too_bright_is_refused(ready):
    ready.set("illuminance", 190_000)
    with pytest.raises(OutOfRange, match="brighter than the chip measures"):
        ready.measure()


def test_the_chip_is_assumed_by_its_thresholds(bench):
    assert bench.device.identify() == Identity("MAX44009", certain=False)
    bench.device._port.write(b"\x07\x00")
    assert bench.device.identify() is None


def test_a_chip_that_does_not_keep_its_registers_is_another(bench):
    bench.replace(tmp102.TMP102(bench.clock))
    with pytest.raises(WrongChip, match="no MAX44009: its registers hold"):
        bench.setup()


@pytest.mark.parametrize("value", [0x00, 0x40, 0xC3])
def test_another_mode_is_noticed(ready, value):
    ready.device._port.write(bytes([2, value]))
    with pytest.raises(LostConfiguration, match="instead of 80"):
        ready.measure()


def test_a_result_that_is_renewed_between_its_halves_is_read_again(ready):
    ready.set("illuminance", 100)
    read, halves = ready.model.read, []

    def renewing(count):
        halves.append(ready.model._pointer)
        if halves.count(4) == 1:
            ready.model._registers[3:5] = max44009.coded(200)
        return read(count)

    ready.model.read = renewing
    assert ready.measure()["illuminance"] == pytest.approx(200, rel=0.01)


def test_the_model_has_the_datasheets_power_on_values(bench):
    assert bench.device._port.write_read(b"\x00", 8) == bytes.fromhex("00 00 03 00 00 ff 00 ff")


def test_the_models_first_result_is_dark(bench):
    port = bench.device._port
    assert port.write_read(b"\x03", 2) == b"\x00\x00"
    bench.sleep(0.9)
    assert port.write_read(b"\x03", 2) == max44009.coded(bench.model.quiet["illuminance"])
