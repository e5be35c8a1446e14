import adafruit_adxl34x
import pytest

from drivers.adxl345 import ADXL345, acceleration
from drivers.base.driver import Identity
from drivers.base.errors import (
    LostConfiguration,
    OutOfRange,
    WrongChip,
)
from edge_agent.testing import I2CContract
from edge_agent.testing.families import SamplesByItself
from simulators import adxl345

G = 9.80665
AXES = ("acceleration_x", "acceleration_y", "acceleration_z")


class TestContract(SamplesByItself, I2CContract):
    driver = ADXL345
    model = adxl345.ADXL345


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_adxl34x.ADXL345(busio)
        chip.range = adafruit_adxl34x.Range.RANGE_16_G
        clock.sleep(0.02)
        # It takes 4 mg for an LSB, the datasheet's typical chip has 256 of them in 1 g
        return lambda: {
            axis: value / 0.004 / 256 for axis, value in zip(AXES, chip.acceleration, strict=True)
        }

    agree(adafruit, ADXL345, adxl345.ADXL345)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(ADXL345, adxl345.ADXL345)
    expose(bench, 0.5 * G, -0.25 * G, G)
    bench.setup()
    return bench


def expose(bench, *values):
    for axis, value in zip(AXES, values, strict=True):
        bench.model.set(axis, value)


def port(bench):
    return bench.device._port


def register(bench, number, count=1):
    return port(bench).write_read(bytes([number]), count).hex()


# Datasheet, table 1: sensitivity in full resolution 256 LSB/g, scale factor 3.9 mg/LSB
@pytest.mark.parametrize(
    "code, g", [(256, 1), (-256, -1), (0, 0), (1, 0.0039), (4094, 15.99), (-4095, -16)]
)
def test_256_lsb_are_1_g(code, g):
    assert acceleration(code) == pytest.approx(g * G, abs=0.0001 * G, rel=0.0005)


def test_the_axes_are_not_mistaken_for_each_other(bench):
    assert bench.measure() == dict(zip(AXES, (0.5 * G, -0.25 * G, G), strict=True))


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("g", [-20, -16, 15.997, 20])
def test_an_axis_that_is_clipped_is_refused(bench, axis, g):
    bench.model.set(axis, g * G)
    with pytest.raises(OutOfRange, match=f"{axis} is "):
        bench.value(axis)


def test_its_own_id_is_certain_and_another_is_none(bench):
    assert bench.device.identify() == Identity("ADXL345", certain=True)
    bench.model.chip_id = 0xE6  # an ADXL346
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no ADXL345: register 0x00 is 0xe6"):
        bench.setup()


def test_setup_ends_what_another_program_left(bench):
    left = {0x1E: 5, 0x1F: 250, 0x20: 1, 0x2C: 0x1F, 0x2D: 0x3F, 0x31: 0xA4, 0x38: 0x9F}
    for number, value in left.items():
        port(bench).write(bytes([number, value]))
    with pytest.raises(LostConfiguration, match="configured 08 08 0b 00, holds 1f 3f a4 9f"):
        bench.measure()
    assert bench.read() == dict(zip(AXES, (0.5 * G, -0.25 * G, G), strict=True))


def test_offsets_that_cannot_be_cleared_are_refused(bench, monkeypatch):
    port(bench).write(b"\x1e\x01")
    monkeypatch.setattr(adxl345, "READ_ONLY", adxl345.READ_ONLY | {0x1E})
    with pytest.raises(LostConfiguration, match="does not keep its offsets at 0"):
        bench.setup()


@pytest.mark.parametrize("number", [0x2C, 0x2D, 0x31, 0x38])
def test_settings_that_are_not_kept_are_refused_at_once(bench, monkeypatch, number):
    port(bench).write(bytes([number, 0x04]))
    monkeypatch.setattr(adxl345, "READ_ONLY", adxl345.READ_ONLY | {number})
    with pytest.raises(LostConfiguration, match=r"holds .*04"):
        bench.setup()


def test_settings_are_changed_in_standby_and_have_a_period_to_come_into_force(bench):
    begin = len(bench.bus.messages)
    bench.waits.clear()
    bench.setup()
    written = [m.written for m in bench.bus.messages[begin:] if m.written and len(m.written) > 1]
    assert (written[0], written[-1]) == (b"\x2d\x00", b"\x2c\x08\x08")
    assert bench.waits == [0.04]


def test_a_brown_out_is_noticed_by_the_configuration(bench):
    bench.model.power_on()
    with pytest.raises(LostConfiguration, match="holds 0a 00 00 00"):
        bench.measure()


def test_the_slowest_chip_by_the_datasheet_is_waited_for(bench):
    bench.model.slowness = 1.2
    bench.waits.clear()
    assert bench.measure()["acceleration_z"] == pytest.approx(G)
    assert bench.waits == [0.05]


@pytest.mark.parametrize("early", [n / 10000 for n in range(40)])
def test_a_new_sample_that_comes_between_two_reads_is_no_harm(bench, early):
    expose(bench, 0, 0, 0)
    steps = bench.device.measure()
    bench.sleep(next(steps))
    due = bench.model._sampled_at + 2 * 0.04
    bench.sleep(due - early - bench.clock.monotonic())
    bench.model.values.update(acceleration_x=G)  # the next sample feels it, the last did not
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value["acceleration_x"] in {0, G}


def test_the_model_has_the_datasheets_power_on_values(bench):
    bench.model.power_on()
    assert register(bench, 0x00) == "e5"
    assert register(bench, 0x1D, 15) == "00" * 15
    assert register(bench, 0x2C, 14) == "0a000000" + "02" + "00" * 9


def test_the_model_takes_no_sample_in_standby(bench):
    bench.model.power_on()
    bench.sleep(1)
    assert register(bench, 0x30) == "02"
    assert register(bench, 0x32, 6) == "00" * 6


def test_the_model_announces_a_new_sample_until_it_is_read_and_one_that_was_lost(bench):
    seen = []
    for seconds in (0.041, 0, 0.041, 0.041):
        bench.sleep(seconds)
        seen.append(int(register(bench, 0x30), 16) & 0x81)
        if len(seen) < 3:
            register(bench, 0x32, 6)
    assert seen == [0x80, 0x00, 0x80, 0x81]


@pytest.mark.parametrize(
    "form, word",
    [(0x00, 256), (0x01, 128), (0x02, 64), (0x03, 32), (0x08, 256), (0x0B, 256), (0x0F, 2048)],
)
def test_the_models_words_follow_range_resolution_and_justification(bench, form, word):
    port(bench).write(bytes([0x31, form]))
    bench.sleep(0.1)
    assert int.from_bytes(bytes.fromhex(register(bench, 0x36, 2)), "little") == word


@pytest.mark.parametrize("rate, hertz", [(0x0A, 100), (0x08, 25), (0x06, 6.25), (0x0F, 3200)])
def test_the_models_rate_is_the_datasheets(bench, rate, hertz):
    port(bench).write(bytes([0x2C, rate]))
    assert bench.model.period() == 1 / hertz


@pytest.mark.parametrize("power, hertz", [(0x0C, 8), (0x0D, 4), (0x0E, 2), (0x0F, 1)])
def test_the_model_samples_slowly_in_its_sleep(bench, power, hertz):
    port(bench).write(bytes([0x2D, power]))
    assert bench.model.period() == 1 / hertz


def test_the_models_offsets_are_added(bench):
    port(bench).write(b"\x1e\x40\xc0")  # 15.6 mg each
    bench.sleep(0.1)
    x, y = (int.from_bytes(bytes.fromhex(register(bench, n, 2)), "little") for n in (0x32, 0x34))
    assert (x, y) == (128 + 256, 0x10000 - 64 - 256)
