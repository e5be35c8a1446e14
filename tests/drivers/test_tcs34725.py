import adafruit_tcs34725
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.tcs34725 import TCS34725, Visible, color_temperature, full_scale, without_infrared
from edge_agent.testing import I2CContract
from simulators import faults, tcs34725

COLOURS = ("clear", "red", "green", "blue")


class TestContract(I2CContract):
    driver = TCS34725
    model = tcs34725.TCS34725


@pytest.fixture
def bench(bench_of):
    return bench_of(TCS34725, tcs34725.TCS34725)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_tcs34725, "time", clock)
        chip = adafruit_tcs34725.TCS34725(busio)
        chip.integration_time = 154
        chip.gain = 1

        def counts():
            red, green, blue, clear = chip.color_raw
            found = zip(COLOURS, (clear, red, green, blue), strict=True)
            return {colour: count / 153.6 for colour, count in found}

        return counts

    agree(adafruit, TCS34725, tcs34725.TCS34725)


@pytest.mark.parametrize("white", [(40, 18, 18, 12), (200, 100, 80, 40), (20, 6, 9, 9)])
def test_adafruits_driver_computes_the_same_light_and_colour(
    bench_of, busio_of, monkeypatch, white
):
    bench = bench_of(TCS34725, tcs34725.TCS34725, gain="1x")
    for colour, value in zip(COLOURS, white, strict=True):
        bench.model.set(colour, value)
    monkeypatch.setattr(adafruit_tcs34725, "time", bench.clock)
    chip = adafruit_tcs34725.TCS34725(busio_of(bench.bus))
    chip.integration_time = 154
    theirs = {"illuminance": chip.lux, "color_temperature": chip.color_temperature}
    ours = bench.read()
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs)


def test_infrared_is_what_red_green_and_blue_have_more_than_clear():
    counts = {"clear": 400, "red": 180, "green": 180, "blue": 120}
    assert without_infrared(counts) == Visible(140, 140, 80)
    assert without_infrared({**counts, "clear": 600}) == Visible(180, 180, 120)


# DN40 §3.4: as much blue as red is 5201 K
@pytest.mark.parametrize("red, blue, kelvin", [(1, 1, 5201), (2, 1, 3296), (1, 2, 9011)])
def test_a_ratio_is_a_colour_temperature(red, blue, kelvin):
    assert color_temperature(Visible(red, 1, blue)) == pytest.approx(kelvin)


# 1024 counts a cycle; below 150 ms a quarter less
@pytest.mark.parametrize("cycles, count", [(10, 7680), (42, 32256), (64, 65535), (256, 65535)])
def test_a_shorter_time_is_saturated_earlier(cycles, count):
    assert full_scale(cycles) == count


def test_a_saturated_photodiode_leaves_the_others_their_values(ready):
    ready.model.set("red", 450)
    assert ready.measure().keys() == {"clear", "green", "blue"}
    for absent in ("red", "illuminance", "color_temperature"):
        with pytest.raises(OutOfRange, match="red is too bright"):
            ready.value(absent)


def test_the_dark_has_no_colour(ready):
    for colour in COLOURS:
        ready.model.set(colour, 0)
    assert ready.measure()["illuminance"] == 0
    with pytest.raises(OutOfRange, match="too dark for a colour temperature"):
        ready.value("color_temperature")


def test_a_glass_weakens_the_light(bench_of):
    bare, behind = (
        bench_of(TCS34725, tcs34725.TCS34725, glass_attenuation_factor=factor).read()
        for factor in (1, 2)
    )
    assert behind["illuminance"] == pytest.approx(2 * bare["illuminance"])
    assert behind["red"] == bare["red"]


@pytest.mark.parametrize("factor", [0.9, 101])
def test_a_glass_that_cannot_be_is_refused(bench_of, factor):
    with pytest.raises(ValueError, match=r"glass_attenuation_factor is .*: wanted 1 to 100"):
        bench_of(TCS34725, tcs34725.TCS34725, glass_attenuation_factor=factor)


@pytest.mark.parametrize("gain", ["1x", "4x", "16x", "60x"])
@pytest.mark.parametrize("milliseconds", [24, 50, 101, 154, 240, 614])
def test_counts_are_the_same_at_any_gain_and_time(bench_of, gain, milliseconds):
    options = {"gain": gain, "integration_time": milliseconds}
    bench = bench_of(TCS34725, tcs34725.TCS34725, **options)
    for colour, value in zip(COLOURS, (1.5, 0.7, 0.7, 0.5), strict=True):
        bench.model.set(colour, value)
    values = bench.read()
    assert not bench.wrong(values)
    assert values.keys() >= {*COLOURS, "illuminance"}


@pytest.mark.parametrize("chip_id, chip", [(0x44, "TCS34725"), (0x4D, "TCS34727")])
def test_the_chip_is_certain_by_its_id(bench, chip_id, chip):
    bench.model._registers[0x12] = chip_id
    assert bench.device.identify() == Identity(chip, certain=True)


def test_a_tsl2591_is_refused(bench):
    bench.model._registers[0x12] = 0x50
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no TCS34725: its id is 0x50"):
        bench.setup()


def test_a_late_result_is_not_ready(ready):
    ready.model.slowness = 1.5
    with pytest.raises(NotReady, match="datasheet's longest time"):
        ready.measure()


def test_another_programs_gain_is_noticed(ready):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.device._port.write(b"\xaf\x03")
    with pytest.raises(LostConfiguration, match="its register 15 is 03 instead of 02"):
        next(steps)


def test_a_silent_line_is_called_so(ready):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.strike(faults.ConstantFrame, ones=True)
    with pytest.raises(DeadFrame, match="answers ff instead of its id"):
        next(steps)
