import pytest
from adafruit_ads1x15 import ads1115 as adafruit_ads1115
from adafruit_ads1x15.analog_in import AnalogIn

from drivers.ads1115 import ADS1115, FULL_SCALES, MUX, RATES, config, voltage
from drivers.base.driver import Identity
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from edge_agent.testing import I2CContract
from simulators import ads1115, faults


class TestContract(I2CContract):
    driver = ADS1115
    model = ads1115.ADS1115


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    pins = ("a0", "a1", "a2", "a3")

    def adafruit(busio, clock):
        del clock  # it polls, and the wire takes its time
        inputs = [AnalogIn(adafruit_ads1115.ADS1115(busio), number) for number in range(4)]
        return lambda: {pin: each.voltage for pin, each in zip(pins, inputs, strict=True)}

    agree(adafruit, ADS1115, ads1115.ADS1115, inputs=pins)


CONTINUOUS = b"\x01\x44\x83"
PINS = {"a0": 0.5, "a1": 1.25, "a2": 2.0, "a3": 3.0}


@pytest.fixture
def bench(bench_of):
    return ready(bench_of(ADS1115, ads1115.ADS1115))


@pytest.fixture
def board(bench_of):
    """A function: a bench with these options, a voltage at each pin."""
    return lambda **options: ready(bench_of(ADS1115, ads1115.ADS1115, **options))


def ready(bench):
    for pin, volts in PINS.items():
        bench.model.set(pin, volts)
    bench.setup()
    return bench


# Datasheet, table of ideal output codes
@pytest.mark.parametrize("full_scale", [6.144, 4.096, 2.048, 1.024, 0.512, 0.256])
@pytest.mark.parametrize(
    "code, share", [(0x7FFF, 32767 / 32768), (1, 1 / 32768), (0, 0), (-1, -1 / 32768), (-32768, -1)]
)
def test_a_code_is_a_share_of_full_scale(full_scale, code, share):
    assert voltage(code, full_scale) == pytest.approx(share * full_scale)


# Datasheet, configuration register: its power-on value is 8583
def test_the_configuration_is_the_power_on_value_but_for_the_mark():
    assert config("a0-a1", "2.048V", RATES[128]) == 0x8583 | 0x0004


def test_every_setting_is_a_different_configuration_and_unlike_the_power_on_value():
    words = {config(n, scale, bits) for n in MUX for scale in FULL_SCALES for bits in range(8)}
    assert len(words) == 8 * 6 * 8
    assert words & {0x8583, 0x0583} == set()


@pytest.mark.parametrize(
    "name, volts",
    [
        ("a0", 0.5),
        ("a1", 1.25),
        ("a2", 2.0),
        ("a3", 3.0),
        ("a0-a1", -0.75),
        ("a0-a3", -2.5),
        ("a1-a3", -1.75),
        ("a2-a3", -1.0),
    ],
)
def test_an_input_is_a_pin_or_the_difference_of_two(board, name, volts):
    bench = board(inputs=(name,))
    assert bench.measure() == {name: pytest.approx(volts, abs=0.000125)}
    assert [(c.name, c.unit, c.quantity) for c in bench.device.channels] == [(name, "V", "voltage")]


def test_several_inputs_are_measured_in_the_order_given(board):
    values = board(inputs=("a3", "a0", "a0-a1")).measure()
    assert list(values) == ["a3", "a0", "a0-a1"]
    assert values == pytest.approx({"a3": 3.0, "a0": 0.5, "a0-a1": -0.75}, abs=0.000125)


@pytest.mark.parametrize("full_scale", list(FULL_SCALES))
def test_a_full_scale_is_measured_to_both_its_ends_and_not_beyond(board, full_scale):
    bench = board(inputs=("a0-a1",), full_scale=full_scale)
    (channel,) = bench.device.channels
    bench.model.set("a1", 0)
    for n in range(-50, 51):
        volts = channel.high * n / 50
        bench.model.set("a0", volts)
        assert bench.measure()["a0-a1"] == pytest.approx(volts, abs=channel.resolution)
    for end in (-1.5, -1, 1, 1.5):
        bench.model.set("a0", end * float(full_scale[:-1]))
        with pytest.raises(OutOfRange, match=r"a0-a1 is beyond .* V \(use a larger `full_scale`"):
            bench.measure()


@pytest.mark.parametrize("rate", list(RATES))
def test_a_rate_is_waited_for_as_long_as_the_slowest_chip_needs(board, rate):
    bench = board(rate=rate)
    assert bench.measure()["a0"] == pytest.approx(0.5, abs=0.000125)
    longest = 1 / (0.9 * rate)
    assert longest < bench.waits[-1] < longest + 0.001
    bench.model.slowness = 1 / 0.9
    assert bench.measure()["a0"] == pytest.approx(0.5, abs=0.000125)


@pytest.mark.parametrize("inputs", [(), ("a0", "a0"), ("a0", "a1", "a0")])
def test_no_inputs_and_inputs_twice_are_refused(bench_of, inputs):
    with pytest.raises(ValueError, match=r"inputs: wanted one or more, each once"):
        bench_of(ADS1115, ads1115.ADS1115, inputs=inputs)


def test_the_class_names_every_input_that_an_instance_can_have(board):
    assert {channel.name for channel in ADS1115.channels} == set(MUX)


def test_the_chip_is_assumed_while_its_thresholds_are_untouched(bench):
    assert bench.device.identify() == Identity("ADS1115", certain=False)
    bench.device._port.write(b"\x02\x12\x34")
    assert bench.device.identify() is None


def test_a_chip_that_does_not_keep_its_configuration_is_another(bench, monkeypatch):
    monkeypatch.setattr(bench.model, "_store", lambda value: None)
    bench.model.power_on()
    with pytest.raises(WrongChip, match="wrote c387, its register 1 is 8583"):
        bench.setup()


@pytest.mark.parametrize("ones, words", [(True, "answers ff only"), (False, "answers 00 only")])
def test_a_silent_line_is_called_so(bench, ones, words):
    bench.strike(faults.ConstantFrame, ones=ones)
    for step in (bench.setup, bench.measure):
        with pytest.raises(DeadFrame, match=words):
            step()


def test_setup_ends_a_continuous_mode(bench):
    bench.device._port.write(CONTINUOUS)
    with pytest.raises(NotReady, match="busy"):
        bench.measure()
    assert bench.read()["a0"] == pytest.approx(0.5, abs=0.000125)


def test_a_conversion_under_way_is_not_taken_for_that_of_another_input(board):
    bench = board(inputs=("a0", "a3"))
    bench.model.slowness = 3
    with pytest.raises(NotReady, match="still converting"):
        bench.measure()
    bench.model.slowness = 1
    with pytest.raises(NotReady, match="busy"):
        bench.measure()
    bench.sleep(0.1)
    assert bench.measure() == pytest.approx({"a0": 0.5, "a3": 3.0}, abs=0.000125)


def test_a_conversion_that_never_began_is_not_taken_for_one_that_has_ended(bench, monkeypatch):
    bench.measure()
    monkeypatch.setattr(bench.model, "_begin", lambda: None)
    bench.model.set("a0", 2.5)
    with pytest.raises(NotReady, match="no conversion began"):
        bench.measure()


def test_a_brown_out_while_it_converts_is_noticed_by_its_configuration(board):
    bench = board(inputs=("a0-a1",), full_scale="2.048V")  # as near to the power-on value as can be
    bench.strike(faults.BrownOut, at=bench.clock.monotonic() + 0.005)
    with pytest.raises(LostConfiguration, match="configured 8587, holds 8583"):
        bench.measure()
    assert bench.measure()["a0-a1"] == pytest.approx(-0.75, abs=0.0001)


def test_two_reads_of_a_result_that_differ_are_refused(board, flipped_bit):
    clean, bench = board(), board()
    (*_, last) = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=last, bit=0)
    with pytest.raises(BadChecksum, match="0f a0, 0f a0, 0f a1"):
        bench.measure()


def register(bench, pointer, count=2):
    return bench.device._port.write_read(bytes([pointer]), count).hex()


def test_the_model_has_the_datasheets_power_on_values(bench):
    bench.model.power_on()
    assert [register(bench, n) for n in range(4)] == ["0000", "8583", "8000", "7fff"]


def test_the_models_pointer_stays_where_it_was(bench):
    bench.device._port.write(b"\x03")
    assert [bench.device._port.read(2).hex() for _ in range(2)] == ["7fff", "7fff"]


def test_no_write_changes_the_models_result(bench):
    before = register(bench, 0)
    bench.device._port.write(b"\x00\x12\x34")
    assert register(bench, 0) == before


def test_the_model_converts_on_and_on_in_its_continuous_mode(bench):
    bench.device._port.write(b"\x01\x42\x83")  # a0, 4.096 V
    for volts in (1.024, 2.048, 3.072):
        bench.model.set("a0", volts)
        bench.sleep(0.01)
        register(bench, 0)
        bench.sleep(0.01)
        assert int(register(bench, 0), 16) == volts * 8000
    assert int(register(bench, 1), 16) & 0x8000 == 0


def test_the_model_finishes_what_it_began_whatever_is_written_meanwhile(bench):
    bench.device._port.write(b"\x01\xf3\x83")  # a3
    bench.device._port.write(b"\x01\xc3\x83")  # a0
    bench.sleep(0.01)
    assert int(register(bench, 0), 16) == PINS["a3"] * 8000


def test_an_open_input_leaves_its_neighbours_their_values(board):
    bench = board(inputs=("a0", "a1", "a2"), full_scale="2.048V")
    bench.model.set("a0", 0.5)
    bench.model.set("a1", 3.1)  # it floats at the supply
    bench.model.set("a2", 1.5)
    assert bench.read() == pytest.approx({"a0": 0.5, "a2": 1.5}, abs=1e-4)
    assert "a1 is beyond 2.048 V" in str(bench.refused["a1"])
