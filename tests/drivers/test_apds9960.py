import pytest
from adafruit_apds9960 import apds9960 as adafruit_apds9960

from drivers.apds9960 import APDS9960, NEARER
from drivers.base.driver import Identity
from drivers.base.errors import DeadFrame, LostConfiguration, NotReady, OutOfRange, WrongChip
from edge_agent.testing import I2CContract
from simulators import apds9960, faults

COLOURS = ("clear", "red", "green", "blue")


class TestContract(I2CContract):
    driver = APDS9960
    model = apds9960.APDS9960
    blind = {
        "test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range[above]": NEARER,
    }


@pytest.fixture
def bench(bench_of):
    return bench_of(APDS9960, apds9960.APDS9960)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_apds9960, "time", clock)
        chip = adafruit_apds9960.APDS9960(busio)
        chip.color_integration_time = 37
        chip._write8(0x8E, 0x87)  # it has no name for the pulses
        chip.proximity_gain = 2
        chip.enable_proximity = chip.enable_color = True
        clock.sleep(0.2)

        def measured():
            red, green, blue, clear = chip.color_data
            counts = zip(COLOURS, (clear, red, green, blue), strict=True)
            found = {colour: count / (37 * 2.78 * 4) for colour, count in counts}
            return {**found, "proximity": chip.proximity / 2.55}

        return measured

    agree(adafruit, APDS9960, apds9960.APDS9960)


@pytest.mark.parametrize("gain", ["1x", "4x", "16x", "64x"])
def test_counts_are_the_same_at_any_gain(bench_of, gain):
    bench = bench_of(APDS9960, apds9960.APDS9960, ambient_light_gain=gain)
    for colour, value in zip(COLOURS, (4.5, 2, 2, 1.5), strict=True):
        bench.model.set(colour, value)
    assert not bench.wrong(bench.read())


@pytest.mark.parametrize(
    "options, share",
    [
        ({}, 20),
        ({"proximity_gain": "8x"}, 40),
        ({"led_drive": "50mA"}, 10),
        ({"led_drive": "12.5mA", "proximity_gain": "1x"}, 0.625),
    ],
)
def test_gain_and_drive_set_how_near_full_scale_is(bench_of, options, share):
    bench = bench_of(APDS9960, apds9960.APDS9960, **options)
    bench.model.set("proximity", 20)
    assert bench.read()["proximity"] == pytest.approx(share, abs=0.2)


def test_what_is_nearer_than_full_scale_is_100_percent(ready):
    ready.model.set("proximity", 300)
    assert ready.measure()["proximity"] == 100


def test_a_saturated_photodiode_leaves_the_others_their_values(ready):
    ready.model.set("clear", 99)
    assert ready.measure().keys() == {"red", "green", "blue", "proximity"}
    with pytest.raises(OutOfRange, match="clear is too bright"):
        ready.value("clear")


def test_light_that_hides_the_echo_leaves_the_colours_their_values(ready):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.model._pass_time()
    ready.model._registers[0x93] |= 0x40
    with pytest.raises(StopIteration) as end:
        ready.sleep(next(steps))
    assert isinstance(end.value.value["proximity"], OutOfRange)
    assert end.value.value["red"] == pytest.approx(9, abs=0.01)


@pytest.mark.parametrize("chip_id", [0xAB, 0xA8, 0x9C, 0x9E])
def test_the_chip_is_certain_by_its_id(bench, chip_id):
    bench.model._registers[0x92] = chip_id
    assert bench.device.identify() == Identity("APDS9960", certain=True)


def test_another_chip_is_refused(bench):
    bench.model._registers[0x92] = 0x50
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no APDS-9960: its id is 0x50"):
        bench.setup()


# CONTROL, PPULSE, CONFIG2, both offsets, CONFIG3, ATIME
@pytest.mark.parametrize("setting", ["8f0b", "8e47", "9031", "9d05", "9e05", "9f21", "8100"])
def test_another_programs_setting_is_noticed(ready, setting):
    ready.device._port.write(bytes.fromhex(setting))
    with pytest.raises((LostConfiguration, NotReady)):
        ready.measure()


def test_a_late_result_is_not_ready(ready):
    ready.model.slowness = 3
    with pytest.raises(NotReady, match="no results after the longest time"):
        ready.measure()


def test_flags_that_stay_are_noticed(ready, monkeypatch):
    ready.measure()
    monkeypatch.setattr(apds9960, "AVALID", 0)
    ready.model._registers[0x93] |= 0x01
    with pytest.raises(NotReady, match="its flags for new results stay"):
        ready.measure()


def test_a_silent_line_is_called_so(ready):
    steps = ready.device.measure()
    ready.sleep(next(steps))
    ready.strike(faults.ConstantFrame, ones=True)
    with pytest.raises(DeadFrame, match="answers ff instead of its id"):
        next(steps)
