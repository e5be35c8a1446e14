import tomllib
from functools import partial
from importlib import import_module
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.errors import DriverError, NoAcknowledge, NotReady, WrongChip
from drivers.i2c import I2CPort
from simulators.faults import BrownOut, DeadFrame, NoAnswer, SlowConversion, Unplug

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DRIVERS = PROJECT["entry-points"]["edge_agent.drivers"]
MODELS = PROJECT["entry-points"]["edge_agent.simulators"]

POINTS = 201
LONGEST_BITS = 8 * 32
PATIENCE_SECONDS = 5

# What a chip's protocol cannot tell; each of these must fail, or the table is stale.
DARK = "0 is darkness: a BH1750 has no id, no checksum and no ready flag to say otherwise"
BLIND = {
    "test_another_chip_at_the_address_gives_no_value[bh1750-ads1115]": DARK,
    "test_another_chip_at_the_address_gives_no_value[bh1750-bme280]": DARK,
    "test_another_chip_at_the_address_gives_no_value[bh1750-bmp280]": DARK,
    "test_dead_frames_from_the_beginning_give_no_value[zeros-bh1750]": DARK,
    "test_dead_frames_after_setup_give_no_value[zeros-bh1750]": DARK,
    "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time[bh1750]": DARK,
}


class Pair(NamedTuple):
    """A driver and the model of its chip."""

    name: str
    driver: type[Any]
    model: type[Any]


def file_of(entry_point):
    return ROOT / (entry_point.split(":")[0].replace(".", "/") + ".py")


def load(entry_point):
    module, name = entry_point.split(":")
    return getattr(import_module(module), name)


def i2c_pairs():
    for name in sorted(DRIVERS.keys() & MODELS.keys()):
        if file_of(DRIVERS[name]).exists() and file_of(MODELS[name]).exists():
            driver = load(DRIVERS[name])
            if driver.bus == "i2c":
                yield Pair(name, driver, load(MODELS[name]))


PAIRS = list(i2c_pairs())
each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
each_neighbour = pytest.mark.parametrize(
    "pair, other", list(permutations(PAIRS, 2)), ids=lambda pair: pair.name
)


@pytest.fixture(autouse=True)
def blind(request):
    if why := BLIND.get(request.node.name):
        request.applymarker(pytest.mark.xfail(strict=True, reason=why))


@pytest.fixture
def bench(pair, bench_of):
    """A bench whose surroundings are neither quiet nor at an end of a range."""
    return exposed(bench_of(pair.driver, pair.model))


def exposed(bench, share=0.37):
    for name, (low, high, _) in bench.model.inputs.items():
        bench.model.set(name, low + share * (high - low))
    return bench


def wrong(bench, values):
    """Name the channels whose value is off by more than one LSB."""
    return {
        channel.name: (values[channel.name], bench.model.values[channel.name])
        for channel in bench.device.channels
        if abs(values[channel.name] - bench.model.values[channel.name])
        > channel.resolution * (1 + 1e-6)
    }


def absent_or(call):
    """Return what a call returns, or None where it raises a driver's error."""
    try:
        return call()
    except DriverError:
        return None


def right_or_absent(bench):
    """Set up and measure; fail for a value that is not so."""
    values = absent_or(bench.read)
    assert values is None or not wrong(bench, values)


def benches_struck(pair, bench_of, *, reads_only=False):
    """Yield a fresh bench for each message of setup and measurement, and that message's moment."""
    clean = exposed(bench_of(pair.driver, pair.model))
    for at in clean.moments(clean.read, reads_only=reads_only):
        yield exposed(bench_of(pair.driver, pair.model)), at


@pytest.mark.parametrize("entry_point", [*DRIVERS.values(), *MODELS.values()])
def test_an_entry_point_names_a_class_that_exists(entry_point):
    assert isinstance(load(entry_point), type)


def test_every_driver_has_a_model_of_its_chip():
    assert DRIVERS.keys() == MODELS.keys()


@each_pair
def test_a_model_lives_where_its_driver_looks_and_feels_what_it_measures(pair, bench):
    assert pair.model.addresses == pair.driver.addresses
    assert {channel.name for channel in bench.device.channels} <= pair.model.inputs.keys()


@each_pair
def test_a_model_that_lost_its_power_answers_like_a_new_one(pair, bench, bench_of):
    bench.read()
    bench.model.power_on()
    assert answers(bench) == answers(exposed(bench_of(pair.driver, pair.model)))


def answers(bench):
    """Return what the chip says after each one-byte command or register pointer."""
    port = I2CPort(bench.bus, bench.address)
    return [absent_or(partial(port.write_read, bytes([n]), 2)) for n in range(256)]


@each_pair
def test_every_value_of_the_range_comes_out_within_one_step(pair, bench):
    bench.setup()
    for channel in bench.device.channels:
        for n in range(POINTS):
            value = channel.low + (channel.high - channel.low) * n / (POINTS - 1)
            bench.model.set(channel.name, value)
            assert not wrong(bench, bench.measure())
        exposed(bench)


@each_pair
def test_beyond_its_range_a_chip_gives_no_value_outside_it(pair, bench):
    bench.setup()
    for channel in bench.device.channels:
        span = channel.high - channel.low
        below = [channel.low - span / 5] if channel.low else []  # nothing is darker than dark
        for value in [channel.high + span / 5, *below]:
            bench.model.set(channel.name, value)
            shown = absent_or(bench.measure)
            assert shown is None or channel.low <= shown[channel.name] <= channel.high
        exposed(bench)


@each_pair
def test_a_measurement_is_of_its_own_moment(pair, bench):
    bench.setup()
    for share in (0.2, 0.8, 0.5):
        exposed(bench, share)
        assert not wrong(bench, bench.measure())


@each_pair
def test_setting_up_twice_is_harmless(pair, bench):
    bench.setup()
    assert not wrong(bench, bench.read())


@each_pair
def test_a_measurement_broken_off_is_forgotten_by_setup(pair, bench):
    bench.setup()
    steps = bench.device.measure()
    bench.sleep(next(steps))
    steps.close()
    exposed(bench, 0.6)
    assert not wrong(bench, bench.read())


@each_pair
def test_waits_are_short(pair, bench):
    bench.read()
    assert min(bench.waits) >= 0
    assert sum(bench.waits) < PATIENCE_SECONDS


@each_pair
def test_no_chip_no_value(pair, bench):
    bench.bus.detach(bench.address)
    with pytest.raises(NoAcknowledge):
        bench.read()


@pytest.mark.parametrize(
    "pair", [p for p in PAIRS if hasattr(p.model, "chip_id")], ids=lambda p: p.name
)
@pytest.mark.parametrize("chip_id", [0x01, 0x55, 0x61, 0xFE])
def test_another_chip_id_is_another_chip(pair, bench, chip_id):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    with pytest.raises(WrongChip):
        bench.setup()


@each_neighbour
def test_another_chip_at_the_address_gives_no_value(pair, other, bench):
    replace(bench, other)
    with pytest.raises(DriverError):
        bench.read()


@each_pair
def test_a_message_that_nobody_takes_gives_no_wrong_value(pair, bench_of, instant):
    for bench, at in benches_struck(pair, bench_of):
        fault = bench.strike(NoAnswer, at=at, lasts=instant)
        right_or_absent(bench)
        assert fault.struck == 1


@each_pair
def test_an_inverted_bit_gives_no_wrong_value(pair, bench_of, flipped_bit):
    for bit in range(LONGEST_BITS):
        for bench, at in benches_struck(pair, bench_of, reads_only=True):
            bench.strike(flipped_bit, at=at, bit=bit)
            right_or_absent(bench)


@each_pair
@pytest.mark.parametrize("ones", [False, True], ids=["zeros", "ones"])
def test_one_dead_frame_gives_no_wrong_value(pair, bench_of, instant, ones):
    for bench, at in benches_struck(pair, bench_of, reads_only=True):
        fault = bench.strike(DeadFrame, at=at, lasts=instant, ones=ones)
        right_or_absent(bench)
        assert fault.struck == 1


@each_pair
@pytest.mark.parametrize("ones", [False, True], ids=["zeros", "ones"])
def test_dead_frames_from_the_beginning_give_no_value(pair, bench, ones):
    bench.strike(DeadFrame, ones=ones)
    with pytest.raises(DriverError):
        bench.read()


@each_pair
@pytest.mark.parametrize("ones", [False, True], ids=["zeros", "ones"])
def test_dead_frames_after_setup_give_no_value(pair, bench, ones):
    bench.setup()
    bench.strike(DeadFrame, ones=ones)
    with pytest.raises(DriverError):
        bench.measure()


@each_pair
def test_a_brown_out_before_any_message_gives_no_wrong_value(pair, bench_of):
    for bench, at in benches_struck(pair, bench_of):
        fault = bench.strike(BrownOut, at=at)
        right_or_absent(bench)
        assert fault.struck == 1


@each_pair
def test_a_brown_out_is_no_harm_after_the_next_setup(pair, bench_of):
    for bench, at in benches_struck(pair, bench_of):
        bench.strike(BrownOut, at=at)
        right_or_absent(bench)
        exposed(bench, 0.6)
        assert not wrong(bench, bench.read())


@each_pair
def test_a_chip_that_never_finishes_gives_no_value_in_bounded_time(pair, bench):
    bench.strike(SlowConversion, factor=1000)
    with pytest.raises((NotReady, NoAcknowledge)):
        bench.read()
    assert sum(bench.waits) < PATIENCE_SECONDS
    assert len(bench.bus.messages) < 200


@each_pair
def test_a_chip_that_stops_converting_gives_no_old_value(pair, bench):
    bench.read()
    bench.strike(SlowConversion, factor=1000)
    for share in (0.37, 0.6):
        exposed(bench, share)
        with pytest.raises((NotReady, NoAcknowledge)):
            bench.measure()


@each_pair
def test_a_chip_pulled_out_gives_no_value_and_works_when_back(pair, bench):
    bench.setup()
    bench.strike(Unplug)
    with pytest.raises(NoAcknowledge):
        bench.measure()
    with pytest.raises(NoAcknowledge):
        bench.setup()
    bench.heal()
    assert not wrong(bench, bench.read())


@each_pair
def test_a_chip_put_back_without_a_setup_gives_no_wrong_value(pair, bench):
    bench.setup()
    bench.bus.attach(bench.address, bench.bus.detach(bench.address))
    values = absent_or(bench.measure)
    assert values is None or not wrong(bench, values)


@each_pair
def test_a_chip_is_recognised_by_its_own_driver_without_being_touched(pair, bench):
    bench.setup()
    begin = len(bench.bus.messages)
    assert bench.device.identify() is not None
    written = [m.written for m in bench.bus.messages[begin:] if m.written is not None]
    assert all(len(data) <= 1 for data in written)
    assert not wrong(bench, bench.measure())


@each_neighbour
def test_no_driver_is_certain_of_another_chip(pair, other, bench):
    replace(bench, other)
    identity = absent_or(bench.device.identify)
    assert identity is None or not identity.certain


def replace(bench, other):
    """Put the chip of another pair at the address."""
    bench.bus.detach(bench.address)
    bench.bus.attach(bench.address, other.model(bench.clock))
    bench.clock.advance(1)
