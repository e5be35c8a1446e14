import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NoAcknowledge, NotReady, WrongChip
from drivers.sen5x import SEN5x
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, RefusesTemperatures
from simulators import sen5x, sps30

DEAD_AT_DEW = "test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range[above]"


class TestContract(FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = SEN5x
    model = sen5x.SEN5x
    settle = 1.1
    patience = 40.0
    blind = {DEAD_AT_DEW: SEN5x.blind[2]}


@pytest.fixture
def bench(bench_of):
    return bench_of(SEN5x, sen5x.SEN5x, settle=1.1)


@pytest.mark.parametrize("name, channels", [("SEN50", 4), ("SEN54", 7), ("SEN55", 8)])
def test_each_of_them_is_named_and_measures_what_it_can(bench_of, name, channels):
    bench = bench_of(SEN5x, sen5x.SEN5x, settle=1.1, kind=name)
    bench.model.names = name
    assert bench.device.identify() == Identity(name, certain=True)
    values = bench.read()
    assert len(values) == len(bench.device.channels) == channels
    assert not bench.wrong(values)


def test_without_an_option_a_lesser_one_has_values_and_says_what_to_set(bench):
    bench.model.names = "SEN50"
    values = bench.read()
    assert values.keys() == {"pm1", "pm25", "pm4", "pm10"}
    assert "a SEN50 and a SEN54 measure less: set `kind`" in str(bench.refused["temperature"])


def test_an_sps30_is_none(bench):
    bench.replace(sps30.SPS30(bench.clock))
    with pytest.raises(NoAcknowledge):
        bench.device.identify()
    with pytest.raises(NoAcknowledge):
        bench.setup()


def test_another_name_is_another_chip(bench):
    bench.model.names = "SEN66"
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its name is 'SEN66'"):
        bench.setup()


@pytest.mark.parametrize(
    "bit, words, names",
    [
        (4, "fan does not turn", {"pm1", "pm25", "pm4", "pm10"}),
        (5, "laser has failed", {"pm1", "pm25", "pm4", "pm10"}),
        (21, "too fast or too slowly", {"pm1", "pm25", "pm4", "pm10"}),
        (6, "temperature and humidity", {"temperature", "humidity", "voc_index", "nox_index"}),
        (7, "gas sensor has failed", {"voc_index", "nox_index"}),
    ],
)
def test_a_part_that_fails_takes_its_own_channels_along(bench, bit, words, names):
    bench.setup()
    bench.model.status = 1 << bit
    assert not bench.wrong(bench.measure())
    assert bench.refused.keys() == names
    assert all(words in str(error) for error in bench.refused.values())


def test_an_offset_is_added_by_the_chip(bench_of):
    bench = bench_of(SEN5x, sen5x.SEN5x, settle=1.1, temperature_offset=-2.5)
    assert bench.read()["temperature"] == pytest.approx(18.5)


@pytest.mark.parametrize("celsius", [-10.1, 10.1])
def test_an_offset_beyond_10_degrees_is_refused(bench_of, celsius):
    with pytest.raises(ValueError, match="temperature_offset"):
        bench_of(SEN5x, sen5x.SEN5x, temperature_offset=celsius)


def test_what_another_program_compensates_with_is_noticed_and_undone(bench):
    bench.setup()
    bench.model._held[sen5x.NOX] = (2, 12, 12, 720, 50, 230)
    with pytest.raises(LostConfiguration, match="its setting 60e1 is"):
        bench.settled().measure()
    assert not bench.wrong(bench.read())


def test_an_index_is_absent_until_it_has_one(bench):
    bench.setup()
    bench.model.set("voc_index", 0)
    with pytest.raises(NotReady, match="it has no voc_index"):
        bench.settled().value("voc_index")


def test_after_a_start_without_particles_they_have_no_value(bench):
    bench.setup()
    bench.model.write(b"\x01\x04")
    bench.sleep(1)
    bench.model.write(b"\x00\x37")
    bench.sleep(10)
    assert "pm25" not in bench.measure()
