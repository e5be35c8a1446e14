import adafruit_pca9685
import pytest

from drivers.base.errors import BadChecksum, DriverError, LostConfiguration
from drivers.base.i2c import I2CPort
from drivers.pca9685 import PCA9685, PCA9685Servo, duty, prescale, share
from simulators import pca9685
from simulators.faults import NoAnswer


@pytest.fixture
def chip(bus, clock):
    model = pca9685.PCA9685(clock)
    bus.attach(0x40, model)
    return model


@pytest.fixture
def output(bus, chip):
    """A function: an output on a channel of the chip."""

    def make(pin=0, kind=PCA9685, **options):
        return kind(I2CPort(bus, 0x40, "lamp"), pin, **options)

    return make


# §7.3.5 has 200 Hz; the others are its equation
@pytest.mark.parametrize("hertz, scale", [(200, 0x1E), (50, 0x79), (1526, 0x03), (24, 0xFD)])
def test_a_frequency_is_a_prescale(hertz, scale):
    assert prescale(hertz) == scale


@pytest.mark.parametrize("hertz", [23.9, 1527])
def test_a_frequency_that_the_chip_cannot_make_is_refused(hertz):
    with pytest.raises(ValueError, match="wanted 24 to 1526 Hz"):
        prescale(hertz)


def test_the_datasheets_example_is_a_fifth_of_the_cycle():
    assert share(bytes.fromhex("9901cc04")) == pytest.approx(0.2, abs=1 / 4096)


@pytest.mark.parametrize("value", [0, 1 / 4096, 0.25, 0.5, 4095 / 4096, 1])
def test_a_duty_comes_back_from_its_registers(value):
    assert share(duty(value)) == value


@pytest.mark.parametrize("value", [0, 0.1, 0.5, 1])
@pytest.mark.parametrize("pin", [0, 7, 15])
def test_a_channel_is_on_for_its_share_and_no_other_is(chip, output, pin, value):
    lamp = output(pin)
    lamp.apply(value)
    assert lamp.state() == pytest.approx(value, abs=1 / 4096)
    duties = [chip.duty(n) for n in range(16)]
    assert duties.pop(pin) == pytest.approx(value, abs=1 / 4096)
    assert set(duties) == {0.0}


def test_all_channels_have_the_configured_frequency(chip, output):
    output(0, frequency=1000).apply(0.5)
    assert chip.frequency == pytest.approx(1000, rel=0.02)


def test_a_chip_that_runs_at_another_frequency_is_set_once(chip, output):
    output(0, frequency=1000).apply(0.5)
    restarted = output(0, frequency=100)
    restarted.apply(0.25)
    assert chip.frequency == pytest.approx(100, rel=0.02)
    assert restarted.state() == pytest.approx(0.25)


def test_two_frequencies_on_one_chip_are_reported(output):
    lamp, motor = output(0, frequency=200), output(1, frequency=1000)
    lamp.apply(1)
    motor.apply(1)
    with pytest.raises(LostConfiguration, match="the same `frequency`"):
        lamp.apply(0.5)


def test_a_brown_out_is_reported_and_repaired_by_the_next_switching(chip, output):
    lamp = output(0, frequency=1000)
    lamp.apply(0.5)
    chip.power_on()
    with pytest.raises(LostConfiguration, match="sleeps"):
        lamp.state()
    lamp.apply(0.5)
    assert lamp.state() == 0.5
    assert chip.frequency == pytest.approx(1000, rel=0.02)


@pytest.mark.parametrize("value, milliseconds", [(0, 1.0), (0.5, 1.5), (1, 2.0)])
def test_a_servo_gets_a_pulse_of_its_position_every_20_ms(chip, output, value, milliseconds):
    servo = output(4, PCA9685Servo)
    servo.apply(value)
    assert chip.frequency == pytest.approx(50, rel=0.01)
    assert chip.duty(4) * 20 == pytest.approx(milliseconds, abs=0.005)
    assert servo.state() == pytest.approx(value, abs=0.005)


def test_a_servo_that_is_let_go_gets_no_pulses(chip, output):
    servo = output(4, PCA9685Servo)
    servo.apply(0.5)
    servo.close()
    assert chip.duty(4) == 0


@pytest.mark.parametrize("low, high", [(0.3, 2), (1, 2.7), (2, 1)])
def test_a_servos_pulses_have_limits(output, low, high):
    with pytest.raises(ValueError, match=r"wanted 0\.4 to 2\.6"):
        output(0, PCA9685Servo, low_ms=low, high_ms=high)


@pytest.mark.parametrize("kind", [PCA9685, PCA9685Servo])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_value_beyond_its_ends_is_refused(output, kind, value):
    with pytest.raises(DriverError, match="use a number from 0 to 1"):
        output(0, kind).apply(value)


@pytest.mark.parametrize("pin", [-1, 16])
def test_a_channel_that_the_chip_has_not_is_refused(output, pin):
    with pytest.raises(ValueError, match="wanted 0 to 15"):
        output(pin)


def test_a_chip_that_is_not_there_is_an_error(bus, output):
    lamp = output(0)
    bus.faults.append(NoAnswer(bus._clock))
    with pytest.raises(ConnectionError):
        lamp.apply(1)


def test_reads_that_differ_are_refused(bus, output, flipped_bit):
    lamp = output(0)
    bus.faults.append(flipped_bit(bus._clock, at=0, bit=0))
    bus.faults[0].lasts = 0.0005  # the first read
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        lamp.apply(1)


def test_the_chip_is_assumed_by_its_sub_addresses(output):
    assert output(0).identify().certain is False


def test_adafruits_driver_sets_what_we_read(bus, chip, busio_of, monkeypatch):
    monkeypatch.setattr(adafruit_pca9685, "time", chip.clock)
    theirs = adafruit_pca9685.PCA9685(busio_of(bus))
    theirs.frequency = 1000
    theirs.channels[5].duty_cycle = 0x4000
    ours = PCA9685(I2CPort(bus, 0x40), 5, frequency=1000)
    assert ours.state() == pytest.approx(0.25)
    ours.apply(0.75)
    assert theirs.channels[5].duty_cycle == pytest.approx(0xC000, abs=16)
