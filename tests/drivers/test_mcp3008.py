import pytest
from adafruit_mcp3xxx import mcp3008 as adafruit_mcp3008

from drivers.base.driver import read
from drivers.base.errors import BadChecksum, DeadFrame, OutOfRange
from drivers.base.spi import SPIPort
from drivers.mcp3008 import MCP3008, PINS, code, voltage
from edge_agent.testing import SensorContract
from simulators import mcp3008
from simulators.clock import VirtualClock
from simulators.spi import SimulatedSPI

STEP = 3.3 / 1024
DRIVEN = range(27)  # the bits of a frame, from its end, that the chip drives
B0 = 16


class TestContract(SensorContract):
    driver = MCP3008
    model = mcp3008.MCP3008
    place = {"address": 0}


class TestContractOfAllInputs(TestContract):
    options = {"inputs": PINS}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_on_spi):
    def adafruit(spi, clock):
        del clock  # the chip converts as it is clocked
        chip = adafruit_mcp3008.MCP3008(spi, None)
        return lambda: {pin: voltage(chip.read(n), 3.3) for n, pin in enumerate(PINS)}

    agree_on_spi(adafruit, MCP3008, mcp3008.MCP3008, inputs=PINS)


class Line:
    """A chip select that answers every transfer with one frame, and notes what it was sent."""

    mode, max_speed_hz = 0, 500_000

    def __init__(self, answer):
        self.answer = answer
        self.sent = []

    def xfer2(self, values):
        self.sent.append(bytes(values).hex())
        return list(self.answer)

    def close(self):
        pass


def measured(line, **options):
    return read(MCP3008(SPIPort(line, "tank"), **options), lambda _: None)


def frame_of(volts, pin="a0"):
    chip = mcp3008.MCP3008(VirtualClock())
    chip.set(pin, volts)
    return chip.transfer(bytes([1, 0x80 | int(pin[1]) << 4, 0, 0, 0]))


# Datasheet, figures 5-2 and 6-1: a null bit, B9 … B0, B1 … B9, zeros
FRAME = bytes.fromhex("0001555500")  # 0x155: 01 0101 0101, then 0 1010 1010


def test_the_models_frame_is_the_datasheets():
    assert frame_of(0x155 * STEP) == FRAME


def test_a_frame_is_its_code():
    assert code(FRAME) == 0x155


def test_what_the_line_carries_before_the_null_bit_is_ignored():
    assert code(bytes.fromhex("fff9555500")) == 0x155


@pytest.mark.parametrize("code, volts", [(1, 0.00322265625), (512, 1.65), (1022, 3.2935546875)])
def test_the_reference_is_1024_codes(code, volts):
    assert voltage(code, 3.3) == pytest.approx(volts)


def test_each_input_is_asked_for_by_its_number():
    line = Line(FRAME)
    measured(line, inputs=PINS)
    assert line.sent == [f"01{0x80 | n << 4:02x}000000" for n in range(8) for _ in range(2)]


def test_the_reference_scales_the_value_and_the_channel():
    line = SimulatedSPI(mcp3008.MCP3008(VirtualClock(), reference=1.024), [])
    (channel,) = MCP3008(SPIPort(line), reference=1.024).channels
    assert (channel.low, channel.high, channel.resolution) == pytest.approx((0.001, 1.022, 0.001))
    assert measured(line, reference=1.024)["a0"] == pytest.approx(0.4)


@pytest.mark.parametrize("bit", [n for n in DRIVEN if n != B0])
@pytest.mark.parametrize("volts", [STEP, 1.0, 512 * STEP, 1022 * STEP])
def test_any_flipped_bit_but_the_last_is_noticed(volts, bit):
    flipped = int.from_bytes(frame_of(volts)) ^ 1 << bit
    with pytest.raises(BadChecksum, match="tank: a0 does not repeat its result backwards"):
        measured(Line(flipped.to_bytes(5)))


def test_the_last_bit_which_comes_once_is_worth_one_step():
    flipped = (int.from_bytes(FRAME) ^ 1 << B0).to_bytes(5)
    assert abs(measured(Line(flipped))["a0"] - 0x155 * STEP) == pytest.approx(STEP)


@pytest.mark.parametrize("answer", ["0000000000", "fff8000000"])
def test_zeros_are_a_dead_line_and_the_error_says_that_they_may_be_none(answer):
    with pytest.raises(DeadFrame, match=r"a0 reads zeros only \(.*an input at 0 V"):
        measured(Line(bytes.fromhex(answer)))


def test_ones_are_a_dead_line():
    with pytest.raises(DeadFrame, match="a0 reads ones only"):
        measured(Line(b"\xff" * 5))


@pytest.mark.parametrize("volts", [3.3, 5.0])
def test_a_voltage_that_may_be_above_the_reference_has_no_value(volts):
    with pytest.raises(OutOfRange, match=r"a0 is at 3.3 V or above \(use a voltage divider"):
        measured(Line(frame_of(volts)))


@pytest.mark.parametrize("inputs", [(), ("a0", "a0"), ("a0", "a1", "a0")])
def test_no_inputs_and_inputs_twice_are_refused(inputs):
    with pytest.raises(ValueError, match=r"inputs: wanted one or more, each once"):
        MCP3008(SPIPort(Line(FRAME)), inputs=inputs)


@pytest.mark.parametrize("reference", [0.0, -3.3, 0.2, 12.0, float("nan")])
def test_a_reference_that_the_chip_cannot_have_is_refused(reference):
    with pytest.raises(ValueError, match=r"reference is .*: wanted 0.25 to 5.5 V"):
        MCP3008(SPIPort(Line(FRAME)), reference=reference)


def test_the_clock_lets_a_source_of_ten_kiloohms_settle():
    line = Line(FRAME)
    measured(line)
    taus = 1.5 / line.max_speed_hz / (11_000 * 20e-12)  # figure 4-1: 1.5 clocks, 1 kΩ, 20 pF
    assert 2.718**-taus < 0.5 / 1024
    assert line.mode == 0


def test_the_model_measures_the_difference_of_two_inputs_too():
    chip = mcp3008.MCP3008(VirtualClock())
    chip.set("a2", 2.0)
    chip.set("a3", 1.0)
    frames = [chip.transfer(bytes([1, select << 4, 0, 0, 0])) for select in (2, 3)]
    assert [int.from_bytes(frame[1:3]) for frame in frames] == [round(1 / STEP), 0]


def test_without_a_start_bit_the_model_is_silent():
    assert mcp3008.MCP3008(VirtualClock()).transfer(bytes(5)) == bytes(5)


def test_an_input_that_does_not_rest_has_no_value(monkeypatch):
    bench = TestContract().fresh()
    bench.setup()
    levels = iter([1.0, 2.0])
    monkeypatch.setattr(bench.model, "values", Moving(levels))
    with pytest.raises(BadChecksum, match="does it move that fast"):
        bench.measure()


@pytest.mark.parametrize("volts, why", [(0, DeadFrame), (3.3, OutOfRange)])
def test_an_input_without_a_value_leaves_its_neighbours_theirs(volts, why):
    bench = TestContractOfAllInputs().fresh()
    first, *others = (channel.name for channel in bench.device.channels)
    bench.set(first, volts)
    bench.setup()
    assert bench.measure().keys() == set(others)
    assert isinstance(bench.refused[first], why)


class Moving(dict):
    """Another voltage at every look."""

    def __init__(self, levels):
        self._levels = levels

    def __getitem__(self, name):
        return next(self._levels)
