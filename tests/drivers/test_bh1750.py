from contextlib import suppress

import adafruit_bh1750
import pytest

from drivers.base.driver import Identity, run
from drivers.base.errors import BadChecksum, DriverError, LostConfiguration, NotReady, OutOfRange
from drivers.bh1750 import BH1750, illuminance, time_opcodes
from edge_agent.testing import I2CContract, inverted_bits
from simulators import bh1750
from simulators.faults import BrownOut, ConstantFrame, SlowConversion

# Commands follow three reads of what stood there before; the chip echoes none, and has no checksum.
COMMANDS = range(48, 72)
DARK, NO_ECHO, *_ = BH1750.blind


class TestContract(I2CContract):
    driver = BH1750
    model = bh1750.BH1750
    blind = {
        "test_another_chip_at_the_address_gives_no_wrong_value[*]": DARK,
        "test_dead_frames_from_the_beginning_give_no_value[zeros]": DARK,
        "test_dead_frames_after_setup_give_no_value[zeros]": DARK,
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": DARK,
        "test_an_inverted_bit_at_a_measurement_gives_no_wrong_value": NO_ECHO,
    }

    def test_only_a_command_can_be_inverted_unnoticed_on_its_way(self):
        assert self.inverted(inverted_bits.at_a_measurement).keys() <= set(COMMANDS)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_bh1750, "sleep", clock.sleep)
        chip = adafruit_bh1750.BH1750(busio, 0x23)
        chip.resolution = adafruit_bh1750.Resolution.MID  # the whole range, as ours by default
        return lambda: {"illuminance": chip.lux}

    agree(adafruit, BH1750, bh1750.BH1750)


@pytest.fixture
def bench(bench_of):
    return bench_of(BH1750, bh1750.BH1750)


def lux(bench, value=None):
    if value is not None:
        bench.model.set("illuminance", value)
    return bench.measure()["illuminance"]


# The first is the datasheet's (page 7), the others were seen on real chips
@pytest.mark.parametrize(
    "code, counts, time, expected",
    [(0x8390, 1.2, 69, 28067), (0x0029, 1.2, 69, 34.2), (0x00E2, 2.4, 254, 25.6), (0, 1.2, 69, 0)],
)
def test_a_code_is_an_illuminance(code, counts, time, expected):
    assert illuminance(code, counts, time) == pytest.approx(expected, rel=0.002)


# 138 is the datasheet's example (page 11)
@pytest.mark.parametrize(
    "time, high, low", [(138, 0x44, 0x6A), (69, 0x42, 0x65), (31, 0x40, 0x7F), (254, 0x47, 0x7E)]
)
def test_a_measurement_time_is_two_opcodes(time, high, low):
    assert time_opcodes(time) == (bytes([high]), bytes([low]))


@pytest.mark.parametrize("mode", ["high", "high2", "low"])
@pytest.mark.parametrize("time", [31, 61, 62, 69, 138, 254])
def test_every_mode_and_time_measures_its_whole_range_within_one_step(bench_of, mode, time):
    bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=time)
    (channel,) = bench.device.channels
    bench.setup()
    for n in range(101):
        value = channel.high * n / 100
        for _ in range(2):  # steady light looks like a register that stands still
            assert lux(bench, value) == pytest.approx(value, abs=channel.resolution)


@pytest.mark.parametrize("mode, seconds", [("high", 0.180), ("high2", 0.180), ("low", 0.024)])
@pytest.mark.parametrize("time", [31, 69, 254])
def test_the_longest_time_of_the_datasheet_is_waited_for(bench_of, mode, seconds, time):
    bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=time)
    bench.setup()
    lux(bench, 100)
    bench.waits.clear()
    bench.model.slowness = 1.5
    assert lux(bench, 300) == pytest.approx(300, abs=bench.device.channels[0].resolution)
    assert bench.waits == [pytest.approx(seconds * time / 69)]


@pytest.mark.parametrize("mode, high", [("high", 121556), ("high2", 60778)])
def test_the_shortest_time_reaches_furthest(bench_of, mode, high):
    bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=31)
    assert bench.device.channels[0].high == pytest.approx(high, abs=1)
    assert bench.device.channels[0].high <= BH1750.channels[0].high


@pytest.mark.parametrize("time", [30, 255, 0, -69])
def test_a_time_that_the_register_cannot_hold_is_refused(bench_of, time):
    with pytest.raises(ValueError, match=f"measurement_time is {time}: wanted 31 to 254"):
        bench_of(BH1750, bh1750.BH1750, measurement_time=time)


def test_it_is_assumed_wherever_anything_answers(bench):
    assert bench.device.identify() == Identity("BH1750", certain=False)


@pytest.mark.parametrize("light", [54612.6, 100_000, 200_000])
def test_light_that_saturates_the_chip_is_refused_with_the_remedy(bench, light):
    bench.setup()
    for _ in range(2):
        with pytest.raises(OutOfRange, match=r"brighter than 54612 lx .*measurement_time"):
            lux(bench, light)


@pytest.mark.parametrize("mode", ["high", "high2", "low"])
@pytest.mark.parametrize("time", [31, 62, 69, 254])
@pytest.mark.parametrize("light", [0, 0.3, 0.9, 1.2, 1.7, 2.6, 4.6, 5.8, 300])
def test_steady_light_and_darkness_are_measured_for_ever(bench_of, mode, time, light):
    bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=time)
    bench.setup()
    for _ in range(10):
        assert lux(bench, light) == pytest.approx(light, abs=bench.device.channels[0].resolution)


@pytest.mark.parametrize("before, after", [(300, 0), (0, 300), (300, 300), (54000, 1)])
def test_light_that_is_switched_is_measured_at_once(bench, before, after):
    bench.setup()
    assert lux(bench, before) == pytest.approx(before, abs=1 / 1.2)
    assert lux(bench, after) == pytest.approx(after, abs=1 / 1.2)


@pytest.mark.parametrize("mode", ["high", "high2", "low"])
@pytest.mark.parametrize("time", [31, 62, 69, 89, 254])
@pytest.mark.parametrize("steps", [1, 1.4, 2, 3])
def test_an_old_result_of_dim_light_is_not_taken_for_a_new_one(bench_of, mode, time, steps):
    bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=time)
    bench.setup()
    assert lux(bench, steps * bench.device.channels[0].resolution) > 0
    bench.strike(SlowConversion)
    with pytest.raises(NotReady, match="no new result"):
        lux(bench, 300)


@pytest.mark.parametrize("light", [300, 5000])
def test_an_old_result_is_not_taken_for_a_new_one(bench, light):
    bench.setup()
    lux(bench, 300)
    bench.strike(SlowConversion)
    for _ in range(3):
        with pytest.raises(NotReady, match="no new result"):
            lux(bench, light)
        bench.setup()


def test_a_brown_out_while_it_converts_is_not_taken_for_darkness(bench):
    bench.setup()
    lux(bench, 300)
    bench.strike(BrownOut, at=bench.clock.monotonic() + 0.1)
    assert lux(bench, 700) == pytest.approx(700, abs=1 / 1.2)


@pytest.mark.parametrize("moments", [(0.3,), (0.1, 0.3)])
def test_a_brown_out_while_it_looks_again_is_not_taken_for_darkness(bench, moments):
    bench.setup()
    lux(bench, 300)
    for moment in moments:
        bench.strike(BrownOut, at=bench.clock.monotonic() + moment)
    with pytest.raises(NotReady):
        lux(bench, 300)
    assert sum(bench.waits[1:-1]) < 0.3 < sum(bench.waits[1:])


@pytest.mark.parametrize("mode", ["high", "low"])
@pytest.mark.parametrize("time", [31, 60, 69, 100, 254])
@pytest.mark.parametrize(
    "before, light",
    [(0, 300), (40, 300), (300, 300), (0, 2), (2, 2), (0.5, 0.5), (0.8, 0.8), (4, 4)],
)
def test_a_brown_out_before_any_message_gives_no_wrong_value(bench_of, mode, time, before, light):
    def lit():
        bench = bench_of(BH1750, bh1750.BH1750, mode=mode, measurement_time=time)
        bench.setup()
        lux(bench, before)
        bench.model.set("illuminance", light)
        return bench

    clean = lit()
    for moment in clean.moments(clean.measure):
        bench = lit()
        bench.strike(BrownOut, at=moment)
        with suppress(DriverError):
            assert lux(bench) == pytest.approx(light, abs=bench.device.channels[0].resolution)


def test_a_brown_out_that_makes_it_forget_its_time_is_reported(bench_of):
    bench = bench_of(BH1750, bh1750.BH1750, measurement_time=254)
    bench.setup()
    lux(bench, 300)
    begin = bench.clock.monotonic()
    *_, trigger, _, _, _, _ = bench.moments(lambda: lux(bench, 40))
    bench.strike(BrownOut, at=bench.clock.monotonic() + trigger - begin)
    with pytest.raises(LostConfiguration, match="emptied its result"):
        lux(bench, 300)


def test_light_that_comes_while_it_looks_again_is_not_believed_at_once(bench_of):
    bench = bench_of(BH1750, bh1750.BH1750, measurement_time=254)
    bench.setup()
    lux(bench, 0)
    steps = bench.device.measure()
    for light in (0, 300):
        bench.sleep(next(steps))
        bench.model.set("illuminance", light)
    with pytest.raises(NotReady):
        run(steps, bench.sleep)
    assert lux(bench) == pytest.approx(300, abs=0.3)


def test_two_reads_of_a_result_that_differ_are_refused(bench, bench_of, flipped_bit):
    clean = bench_of(BH1750, bh1750.BH1750)
    (*_, last) = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=last, bit=3)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        lux(bench, 300)


# What the chip cannot detect: nothing but 0 can come of it
@pytest.mark.parametrize(
    "fault, arguments",
    [(SlowConversion, {}), (ConstantFrame, {"ones": False})],
    ids=["slow", "zeros"],
)
def test_a_chip_that_only_ever_says_0_reads_as_darkness(bench, fault, arguments):
    bench.strike(fault, **arguments)
    bench.setup()
    assert lux(bench, 300) == 0


def opcodes(bench, *data):
    for opcode in data:
        bench.device._port.write(bytes([opcode]))


def code(bench):
    return int.from_bytes(bench.device._port.read(2))


def test_the_model_takes_one_opcode_per_transaction(bench):
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\x01\x20")


def test_the_model_shows_the_old_result_until_the_new_one_is_ready(bench):
    bench.model.set("illuminance", 100)
    opcodes(bench, 0x20)
    found = []
    for _ in range(2):
        found.append(code(bench))
        bench.sleep(0.120)
        found.append(code(bench))
        bench.model.set("illuminance", 200)
        opcodes(bench, 0x20)
    assert found == [0, 120, 120, 240]


def test_the_model_measures_on_and_on_in_a_continuous_mode(bench):
    opcodes(bench, 0x10)
    for light in (100, 200, 300):
        bench.model.set("illuminance", light)
        bench.sleep(0.3)
        code(bench)
        bench.sleep(0.3)
        assert code(bench) == 1.2 * light


def test_the_model_stops_when_it_is_powered_down(bench):
    opcodes(bench, 0x20, 0x00)
    bench.sleep(1)
    assert code(bench) == 0


def test_the_model_empties_its_register_on_reset_only_while_powered(bench):
    opcodes(bench, 0x20)
    bench.sleep(1)
    opcodes(bench, 0x07)
    assert code(bench) == 360
    opcodes(bench, 0x01, 0x07)
    assert code(bench) == 0


def test_the_model_rounds_to_4_lx_in_its_low_resolution(bench):
    bench.model.set("illuminance", 101)
    opcodes(bench, 0x23)
    bench.sleep(0.016)
    assert code(bench) == 120


def test_a_supply_that_dips_three_times_in_daylight_makes_no_darkness(bench):
    bench.model.set("illuminance", 300)
    bench.read()
    now = bench.clock.monotonic()
    for moment in (0.1, 0.22, 0.35):  # in each of three conversions
        bench.strike(BrownOut, at=now + moment)
    assert bench.measure()["illuminance"] == pytest.approx(300, abs=1)


def test_a_lamp_that_is_switched_off_makes_darkness(bench):
    bench.model.set("illuminance", 300)
    bench.read()
    bench.model.set("illuminance", 0)
    assert bench.measure()["illuminance"] == 0
