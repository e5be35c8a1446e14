import adafruit_tsl2561
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.tsl2561 import CS, NO_NEWS, T_FN_CL, TSL2561, illuminance, weight
from edge_agent.testing import I2CContract
from simulators import tsl2561


class TestContract(I2CContract):
    driver = TSL2561
    model = tsl2561.TSL2561
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


@pytest.fixture
def bench(bench_of):
    return bench_of(TSL2561, tsl2561.TSL2561)


def lux(bench, value):
    bench.model.set("illuminance", value)
    return bench.measure()["illuminance"]


@pytest.mark.parametrize("infrared", [0.05, 0.2, 0.45, 0.55, 0.7, 1.0])
def test_adafruits_driver_reads_what_we_read_and_what_is(agree, infrared):
    def adafruit(busio, clock):
        chip = adafruit_tsl2561.TSL2561(busio)
        chip.enabled = False
        chip.integration_time = 2
        chip.enabled = True
        clock.sleep(0.5)
        return lambda: {"illuminance": chip.lux}

    class Tinted(tsl2561.TSL2561):
        """Of the dim light that has so much infrared."""

        inputs = {"illuminance": tsl2561.TSL2561.inputs["illuminance"]._replace(high=300)}

    Tinted.infrared = infrared
    agree(adafruit, TSL2561, Tinted)


# "Calculating Lux", at the borders of the pieces: the counts of all light, and of infrared
@pytest.mark.parametrize(
    "pieces, infrared, lx",
    [
        (T_FN_CL, 0, 30.4),
        (T_FN_CL, 500, 30.4 - 62 * 0.5**1.4),
        (T_FN_CL, 600, 22.4 - 18.6),
        (T_FN_CL, 800, 12.8 - 12.24),
        (T_FN_CL, 1300, 1.46 - 1.456),
        (T_FN_CL, 1400, 0),
        (CS, 520, 31.5 - 59.3 * 0.52**1.4),
        (CS, 650, 22.9 - 18.915),
        (CS, 800, 15.7 - 14.4),
        (CS, 1300, 3.38 - 3.38),
        (CS, 1400, 0),
    ],
)
def test_counts_are_an_illuminance_by_the_formula_of_the_package(pieces, infrared, lx):
    assert illuminance(1000, infrared, pieces) == pytest.approx(lx)


def test_no_counts_are_dark():
    assert illuminance(0, 0, T_FN_CL) == 0


@pytest.mark.parametrize(
    "gain, time, more", [("16x", 402, 1), ("1x", 402, 16), ("16x", 101, 3.98), ("1x", 14, 469.5)]
)
def test_a_count_weighs_more_at_less_gain_and_time(gain, time, more):
    assert weight(gain, time) == pytest.approx(more, rel=1e-3)


@pytest.mark.parametrize("gain", ["1x", "16x", "auto"])
@pytest.mark.parametrize("time", [14, 101, 402])
def test_every_setting_measures_its_whole_range_and_refuses_more(bench_of, gain, time):
    bench = bench_of(TSL2561, tsl2561.TSL2561, gain=gain, integration_time=time)
    (channel,) = bench.device.channels
    bench.setup()
    for n in range(21):
        value = channel.high * n / 20
        assert lux(bench, value) == pytest.approx(value, abs=channel.resolution)
    with pytest.raises(OutOfRange):
        lux(bench, channel.high * 1.3)


def test_dim_light_is_measured_with_more_gain(ready):
    assert lux(ready, 3.0) == pytest.approx(3.0, abs=0.05)


def test_infrared_without_light_is_a_blind_diode(ready):
    ready.model._visible = lambda: 0.01
    ready.model.infrared = 1.5
    with pytest.raises(OutOfRange, match="its first photodiode is blind"):
        lux(ready, 300)


def test_the_package_decides_on_the_formula(ready):
    ready.model.vary()
    assert lux(ready, 200) == pytest.approx(200, abs=0.1)


def test_the_chip_is_assumed_by_its_part_number(bench):
    assert bench.device.identify() == Identity("TSL2561", certain=False)
    bench.model._registers[10] = 0x90
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its part number is 9"):
        bench.setup()


def test_a_chip_that_became_another_is_refused(ready):
    ready.model._registers[10] = 0x90
    with pytest.raises(WrongChip, match="its part number is 9"):
        ready.measure()


def test_a_supply_that_dips_during_an_integration_is_noticed(ready):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.model.power_on()
    with pytest.raises(LostConfiguration, match="its register 0 is 00 instead of 03"):
        next(steps)


def test_the_model_sleeps_at_power_on(bench):
    bench.sleep(1)
    assert bench.device._port.write_read(b"\xac", 4) == bytes(4)
    assert bench.device._port.write_read(b"\x81", 1) == b"\x02"
