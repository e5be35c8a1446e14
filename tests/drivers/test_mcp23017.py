from contextlib import suppress

import digitalio
import pytest
from adafruit_mcp230xx import mcp23017 as adafruit_mcp23017

from drivers.base.errors import BadChecksum, DriverError, LostConfiguration, WrongChip
from drivers.base.i2c import I2CPort
from drivers.mcp23017 import MCP23017, NAMES, MCP23017Output
from edge_agent.testing import I2CContract
from edge_agent.testing.families import ChoosesInputs
from simulators import mcp23017
from simulators.faults import BrownOut, NoAnswer

AT_ONCE = "a pin is read as it is: nothing is converted"


class TestContract(ChoosesInputs, I2CContract):
    driver = MCP23017
    model = mcp23017.MCP23017
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": AT_ONCE,
        "test_a_chip_that_stops_converting_gives_no_old_value": AT_ONCE,
    }


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        del clock
        chip = adafruit_mcp23017.MCP23017(busio, 0x20)

        def measure():
            pins = {name: chip.get_pin(n) for n, name in enumerate(NAMES)}
            for pin in pins.values():
                pin.switch_to_input(pull=digitalio.Pull.UP)
            return {name: float(not pin.value) for name, pin in pins.items()}

        return measure

    agree(adafruit, MCP23017, RoundMCP23017)


class RoundMCP23017(mcp23017.MCP23017):
    """Contacts are closed or open at random."""

    def set(self, channel, value):
        super().set(channel, float(round(value)))


@pytest.fixture
def bench(bench_of):
    return bench_of(MCP23017, mcp23017.MCP23017)


@pytest.fixture
def chip(bus, clock):
    model = mcp23017.MCP23017(clock)
    bus.attach(0x20, model)
    return model


@pytest.fixture
def output(bus, chip):
    """A function: an output on a pin of the chip."""
    return lambda pin, **options: MCP23017Output(I2CPort(bus, 0x20, "fan"), pin, **options)


def test_a_brown_out_that_took_the_pull_ups_is_noticed(bench):
    bench.setup()
    bench.model.power_on()
    with pytest.raises(LostConfiguration, match="pull-ups"):
        bench.measure()


def test_registers_in_the_other_order_are_set_right(bench):
    bench.device._port.write(bytes([0x0A, 0x80]))  # BANK = 1
    bench.model.set("a3", 1)
    assert bench.read()["a3"] == 1.0


def test_an_input_that_is_driven_as_an_output_is_refused(bench):
    bench.setup()
    bench.device._port.write(bytes([0x00, 0xFE]))
    with pytest.raises(WrongChip, match=r"take it out of `inputs`"):
        bench.measure()


def test_pins_that_never_rest_have_no_value(bench, monkeypatch):
    bench.setup()
    levels = iter(range(100))
    monkeypatch.setattr(bench.model, "_pins", lambda port: next(levels))
    with pytest.raises(BadChecksum, match="no 3 of 6 reads in a row agree"):
        bench.measure()


def test_setting_up_inputs_leaves_outputs_as_they_are(bus, chip, output):
    output(9).apply(1)
    device = MCP23017(I2CPort(bus, 0x20), inputs=("a0",))
    assert list(device.setup()) == []
    assert chip.level(9) is True


@pytest.mark.parametrize("active_low", [False, True])
def test_an_output_switches_its_pin_and_no_other(chip, output, active_low):
    others = [n for n in range(16) if n != 10]
    fan = output(10, active_low=active_low)
    fan.apply(1)
    assert chip.level(10) is not active_low
    assert fan.state() == 1.0
    fan.apply(0)
    assert chip.level(10) is active_low
    assert fan.state() == 0.0
    assert [chip.level(n) for n in others] == [None] * 15
    fan.close()
    assert chip.level(10) is None


def test_an_output_that_lost_its_power_says_so(chip, output):
    fan = output(3)
    fan.apply(1)
    chip.power_on()
    with pytest.raises(LostConfiguration, match="not driven any more"):
        fan.state()


@pytest.mark.parametrize("bit", range(8))
def test_a_misread_latch_never_switches_a_neighbour(bus, chip, output, flipped_bit, bit):
    output(1).apply(1)
    fault = flipped_bit(bus._clock, at=0, bit=bit)
    fault.lasts = 0.0004  # the first read of `apply`
    bus.faults.append(fault)
    fault.at = bus._clock.monotonic() + 0.00027
    with suppress(DriverError):
        output(0).apply(1)
    assert chip.level(1) is True


@pytest.mark.parametrize("fault", [NoAnswer, BrownOut])
def test_an_output_that_cannot_be_switched_is_an_error(bus, chip, output, fault):
    fan = output(0)
    fan.apply(0)
    bus.faults.append(fault(bus._clock, at=bus._clock.monotonic() + 0.0005))
    with pytest.raises(DriverError):
        fan.apply(1)
        fan.state()


@pytest.mark.parametrize("pin", [-1, 16])
def test_a_pin_that_the_chip_has_not_is_refused(output, pin):
    with pytest.raises(ValueError, match="wanted 0 to 15"):
        output(pin)


def test_no_inputs_are_refused(bus):
    with pytest.raises(ValueError, match="inputs: wanted one or more"):
        MCP23017(I2CPort(bus, 0x20), inputs=())


def test_the_model_has_the_datasheets_power_on_values(bus, chip):
    frame = bytes(bus.read_i2c_block_data(0x20, 0, 22))
    assert frame == b"\xff\xff" + bytes(20)
