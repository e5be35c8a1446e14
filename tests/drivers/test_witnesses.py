"""Other people's drivers read our models: they, we and the truth must agree."""

import random
from functools import partial

import adafruit_bh1750
import adafruit_bmp280
import adafruit_sht4x
import bme280 as rpi_bme280
import pytest
from adafruit_ads1x15 import ads1115 as adafruit_ads1115
from adafruit_ads1x15.analog_in import AnalogIn
from adafruit_bme280 import basic as adafruit_bme280
from smbus2 import i2c_msg

from drivers import ads1115, bh1750, bme280, bmp280, driver, sht4x
from drivers.i2c import I2CPort
from simulators.ads1115 import ADS1115
from simulators.bh1750 import BH1750
from simulators.bme280 import BME280
from simulators.bmp280 import BMP280
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.sht4x import SHT4x

ROUNDS = 50
PINS = ("a0", "a1", "a2", "a3")


class Busio:
    """The I2C object of CircuitPython, over a simulated bus."""

    def __init__(self, bus):
        self._bus = bus

    def try_lock(self):
        return True

    def unlock(self):
        pass

    def writeto(self, address, buffer, *, start=0, end=None):
        self._bus.i2c_rdwr(i2c_msg.write(address, bytes(buffer[start:end])))

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        self._fill(address, buffer, start, end)

    def writeto_then_readfrom(
        self, address, out, into, *, out_start=0, out_end=None, in_start=0, in_end=None
    ):
        pointer = i2c_msg.write(address, bytes(out[out_start:out_end]))
        self._fill(address, into, in_start, in_end, pointer)

    def _fill(self, address, buffer, start, end, *first):
        span = range(len(buffer))[start:end]
        answer = i2c_msg.read(address, len(span))
        self._bus.i2c_rdwr(*first, answer)
        buffer[span.start : span.stop] = bytes(answer)


# Each returns a function that measures; nobody sleeps but on the virtual clock.


def rpi_bme280_on(bus, clock, monkeypatch):
    monkeypatch.setattr(rpi_bme280, "time", clock)
    trim = rpi_bme280.load_calibration_params(bus, 0x76)

    def measure():
        sample = rpi_bme280.sample(bus, 0x76, trim)
        return {
            "temperature": sample.temperature,
            "atmospheric_pressure": sample.pressure,
            "humidity": sample.humidity,
        }

    return measure


def adafruit_bme280_on(bus, clock, monkeypatch):
    monkeypatch.setattr(adafruit_bme280, "sleep", clock.sleep)
    chip = adafruit_bme280.Adafruit_BME280_I2C(Busio(bus), 0x76)
    return lambda: {
        "temperature": chip.temperature,
        "atmospheric_pressure": chip.pressure,
        "humidity": chip.humidity,
    }


def adafruit_bmp280_on(bus, clock, monkeypatch):
    monkeypatch.setattr(adafruit_bmp280, "sleep", clock.sleep)
    chip = adafruit_bmp280.Adafruit_BMP280_I2C(Busio(bus), 0x76)
    return lambda: {"temperature": chip.temperature, "atmospheric_pressure": chip.pressure}


def adafruit_sht4x_on(bus, clock, monkeypatch):
    monkeypatch.setattr(adafruit_sht4x, "time", clock)
    chip = adafruit_sht4x.SHT4x(Busio(bus), 0x44)
    return lambda: dict(zip(("temperature", "humidity"), chip.measurements, strict=True))


def adafruit_bh1750_on(bus, clock, monkeypatch):
    monkeypatch.setattr(adafruit_bh1750, "sleep", clock.sleep)
    chip = adafruit_bh1750.BH1750(Busio(bus), 0x23)
    chip.resolution = adafruit_bh1750.Resolution.MID  # the whole range, as ours by default
    return lambda: {"illuminance": chip.lux}


def adafruit_ads1115_on(bus, clock, monkeypatch):
    del clock, monkeypatch  # it polls, and the wire takes its time
    inputs = [AnalogIn(adafruit_ads1115.ADS1115(Busio(bus)), number) for number in range(4)]
    return lambda: {pin: each.voltage for pin, each in zip(PINS, inputs, strict=True)}


def settled(model, clock):
    """Let the chip start up, as it has on any running machine."""
    model.power_on()
    clock.sleep(0.002)


def expose(model, seed):
    """Set random values that are a little inside of the chip's range; return them."""
    chance = random.Random(seed)
    for channel, span in model.inputs.items():
        margin = (span.high - span.low) / 100
        model.set(channel, chance.uniform(span.low + margin, span.high - margin))
    return dict(model.values)


def assert_near(values, expected, model):
    assert values.keys() == expected.keys()
    for channel, span in model.inputs.items():
        assert values[channel] == pytest.approx(expected[channel], abs=1.5 * span.step), channel


@pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning")  # RPi.bme280
@pytest.mark.parametrize(
    "witness, ours, chip, address",
    [
        (rpi_bme280_on, bme280.BME280, BME280, 0x76),
        (adafruit_bme280_on, bme280.BME280, BME280, 0x76),
        (adafruit_bmp280_on, bmp280.BMP280, BMP280, 0x76),
        (adafruit_sht4x_on, sht4x.SHT4x, SHT4x, 0x44),
        (adafruit_bh1750_on, bh1750.BH1750, BH1750, 0x23),
        (adafruit_ads1115_on, partial(ads1115.ADS1115, inputs=PINS), ADS1115, 0x48),
    ],
)
def test_an_independent_driver_reads_what_we_read_and_what_is(
    witness, ours, chip, address, monkeypatch
):
    clock = VirtualClock()
    bus, model = SimulatedBus(clock), chip(clock)
    bus.attach(address, model)
    for seed in range(ROUNDS):
        settled(model, clock)
        truth = expose(model, seed)
        theirs = witness(bus, clock, monkeypatch)()
        mine = driver.read(ours(I2CPort(bus, address)), clock.sleep)
        assert_near(theirs, truth, model)
        assert_near(mine, truth, model)
        assert_near(mine, theirs, model)


@pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning")
@pytest.mark.parametrize("witness", [rpi_bme280_on, adafruit_bme280_on])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_independent_drivers_read_the_same_humidity_from_any_trim(witness, seed, monkeypatch):
    clock = VirtualClock()
    bus, model = SimulatedBus(clock), BME280(clock)
    chance = random.Random(seed)
    # H3 is 0: Adafruit's formula has it in twice, as Bosch's API
    model.humidity_trim = [
        chance.randint(0, 100),
        chance.randint(330, 400),
        0,
        chance.randint(-300, 300),
        chance.randint(-60, 60),
        chance.randint(0, 40),
    ]
    bus.attach(0x76, model)
    settled(model, clock)
    model.set("humidity", chance.uniform(35, 65))
    theirs = witness(bus, clock, monkeypatch)()
    mine = driver.read(bme280.BME280(I2CPort(bus, 0x76)), clock.sleep)
    assert mine["humidity"] == pytest.approx(theirs["humidity"], abs=0.01)
