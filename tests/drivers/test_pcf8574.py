import adafruit_pcf8574
import pytest

from drivers.base.errors import BadChecksum
from drivers.base.i2c import I2CPort
from drivers.pcf8574 import PCF8574, PCF8574Output
from edge_agent.testing import I2CContract
from edge_agent.testing.families import ChoosesInputs
from simulators import pcf8574

AT_ONCE = "a pin is read as it is: nothing is converted"
BARE, *_ = PCF8574.blind


class TestContract(ChoosesInputs, I2CContract):
    driver = PCF8574
    model = pcf8574.PCF8574
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": AT_ONCE,
        "test_a_chip_that_stops_converting_gives_no_old_value": AT_ONCE,
        "test_another_chip_at_the_address_gives_no_wrong_value[*]": BARE,
        "test_dead_frames_from_the_beginning_give_no_value[zeros]": BARE,
        "test_dead_frames_from_the_beginning_give_no_value[ones]": BARE,
        "test_a_line_that_is_dead_for_some_frames_gives_no_wrong_value[zeros]": BARE,
        "test_dead_frames_after_setup_give_no_value[zeros]": BARE,
        "test_dead_frames_after_setup_give_no_value[ones]": BARE,
    }


class RoundPCF8574(pcf8574.PCF8574):
    """Contacts are closed or open at random."""

    def set(self, channel, value):
        super().set(channel, float(round(value)))


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        del clock
        chip = adafruit_pcf8574.PCF8574(busio, 0x20)
        chip.write_gpio(0xFF)
        return lambda: {f"p{n}": float(not chip.read_gpio() >> n & 1) for n in range(8)}

    agree(adafruit, PCF8574, RoundPCF8574)


@pytest.fixture
def chip(bus, clock):
    model = pcf8574.PCF8574Output(clock)
    bus.attach(0x38, model)
    return model


@pytest.fixture
def output(bus, chip):
    """A function: an output on a pin of the chip."""
    return lambda pin, **options: PCF8574Output(I2CPort(bus, 0x38, "fan"), pin, **options)


def test_setup_releases_pins_that_were_latched_low(bench_of):
    bench = bench_of(PCF8574, pcf8574.PCF8574)
    bench.model.latch = 0
    assert set(bench.read().values()) == {0.0}


def test_pins_that_never_rest_have_no_value(bench_of, monkeypatch):
    bench = bench_of(PCF8574, pcf8574.PCF8574)
    bench.setup()
    levels = iter(range(100))
    monkeypatch.setattr(bench.model, "read", lambda count: bytes([next(levels)]))
    with pytest.raises(BadChecksum, match="no 3 of 6 reads in a row agree"):
        bench.measure()


@pytest.mark.parametrize("active_low, on", [(True, 0xFB), (False, 0xFF)])
def test_an_output_switches_its_pin_and_no_other(chip, output, active_low, on):
    fan = output(2, active_low=active_low)
    fan.apply(1)
    assert (chip.latch, fan.state()) == (on, 1.0)
    fan.apply(0)
    assert (chip.latch, fan.state()) == (0xFF ^ 0xFB ^ on, 0.0)
    fan.close()
    assert chip.latch == 0xFF


def test_outputs_of_one_chip_do_not_disturb_each_other(chip, output):
    fan, lamp = output(0), output(7)
    fan.apply(1)
    lamp.apply(1)
    fan.apply(0)
    assert chip.latch == 0x7F
    assert [fan.state(), lamp.state()] == [0.0, 1.0]


def test_a_misread_latch_is_not_written_back(bus, chip, output, flipped_bit):
    bus.faults.append(flipped_bit(bus._clock, at=bus._clock.monotonic() + 0.00018, bit=5))
    bus.faults[0].lasts = 0.0001
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        output(0).apply(1)
    assert chip.latch == 0xFF


@pytest.mark.parametrize("pin", [-1, 8])
def test_a_pin_that_the_chip_has_not_is_refused(output, pin):
    with pytest.raises(ValueError, match="wanted 0 to 7"):
        output(pin)


def test_no_inputs_are_refused(bus):
    with pytest.raises(ValueError, match="inputs: wanted one or more"):
        PCF8574(I2CPort(bus, 0x20), inputs=())
