import adafruit_mlx90614
import pytest

from drivers.base import checksum
from drivers.base.driver import Identity
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.mlx90614 import MLX90614, NO_NEWS, celsius, corrected
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums
from simulators import ads1115, mlx90614


class TestContract(FramesWithChecksums, I2CContract):
    driver = MLX90614
    model = mlx90614.MLX90614
    settle = 0.3
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


@pytest.fixture
def bench(bench_of):
    bench = bench_of(MLX90614, mlx90614.MLX90614, settle=0.3)
    bench.sleep(0.3)
    return bench


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_mlx90614.MLX90614(busio)
        clock.sleep(0.3)
        return lambda: {
            "temperature": chip.object_temperature,
            "ambient": chip.ambient_temperature,
        }

    agree(adafruit, MLX90614, mlx90614.MLX90614)


# §8.7.2 and §8.7.3
@pytest.mark.parametrize(
    "word, degrees", [(0x27AD, -70.01), (0x3AF7, 28.75), (0x7FFF, 382.19), (0x2DE4, -38.19)]
)
def test_words_are_temperatures(word, degrees):
    assert celsius(word) == pytest.approx(degrees)


def test_the_datasheets_transfer_has_the_right_checksum():
    assert checksum.smbus(bytes([0xB4, 0x07, 0xB5, 0xD2, 0x3A])) == 0x30
    assert mlx90614.pec(bytes([0xB4, 0x07, 0xB5, 0xD2, 0x3A])) == 0x30


@pytest.mark.parametrize("surface, ambient", [(200.0, 25.0), (-20.0, 30.0), (25.0, 25.0)])
@pytest.mark.parametrize("emissivity", [0.5, 0.95])
def test_a_surface_that_radiates_less_is_measured_with_its_emissivity(
    bench_of, surface, ambient, emissivity
):
    bench = bench_of(MLX90614, mlx90614.MLX90614, settle=0.3, emissivity=emissivity)
    bench.model.emissivity = emissivity
    bench.set("temperature", surface)
    bench.set("ambient", ambient)
    assert bench.read()["temperature"] == pytest.approx(surface, abs=0.03)


def test_an_emissivity_of_the_chip_is_computed_away(bench):
    bench.device._port.write(b"\x24\xff\x7f\x85")
    bench.set("temperature", 150)
    assert bench.device._port.write_read(b"\x07", 2) != (423.15 / 0.02)
    assert bench.read()["temperature"] == pytest.approx(150, abs=0.03)


def test_the_same_emissivity_changes_nothing():
    assert corrected(87.65, 20, 1.0) == 87.65


@pytest.mark.parametrize("emissivity", [0, 0.05, 1.1])
def test_an_emissivity_that_cannot_be_is_refused(bench_of, emissivity):
    with pytest.raises(ValueError, match=r"wanted 0\.1 to 1"):
        bench_of(MLX90614, mlx90614.MLX90614, emissivity=emissivity)


def test_an_emissivity_that_another_program_writes_is_noticed(ready):
    ready.device._port.write(b"\x24\xff\x7f\x85")
    with pytest.raises(LostConfiguration, match="its emissivity was ffff, it is 7fff"):
        ready.measure()


def test_a_chip_whose_emissivity_was_erased_is_refused(bench):
    bench.model._cells[4] = 0
    with pytest.raises(LostConfiguration, match="erased"):
        bench.setup()


def test_a_chip_with_a_damaged_memory_is_refused(ready, monkeypatch):
    monkeypatch.setattr(mlx90614, "STARTED", 0x0030)
    with pytest.raises(DeadFrame, match="its memory has errors"):
        ready.measure()


def test_a_chip_that_has_just_started_has_no_result_yet(ready):
    ready.model.power_on()
    with pytest.raises(NotReady, match="it has just started"):
        ready.measure()
    ready.sleep(0.05)
    with pytest.raises(OutOfRange, match="no result: 0000"):
        ready.measure()


def test_setup_waits_for_a_chip_that_has_just_started(bench):
    bench.model.power_on()
    bench.setup()
    assert bench.waits[-1] == 0.1


def test_a_surface_too_hot_leaves_the_chips_own_temperature(ready):
    ready.set("temperature", 400)
    assert ready.measure() == {"ambient": pytest.approx(22, abs=0.02)}


def test_the_chip_is_certain_by_its_own_address(bench):
    assert bench.device.identify() == Identity("MLX90614", certain=True)
    bench.model.address = 0x5B
    with pytest.raises(WrongChip, match="no MLX90614"):
        bench.setup()


def test_a_chip_that_answers_without_checksums_is_another(bench):
    bench.replace(ads1115.ADS1115(bench.clock))
    assert bench.device.identify() is None


def test_the_model_takes_no_word_without_its_checksum(ready):
    with pytest.raises(ConnectionError):
        ready.device._port.write(b"\x24\xff\x7f\x00")
    assert ready.device._port.write_read(b"\x24", 2) == b"\xff\xff"
