"""Simulated chips on a real kernel's I2C bus: our drivers, checked against the kernel's own.

The chips are in this process, which the machine sees as an i2c-tiny-usb adapter. One machine runs
through the tests in order.
"""

import json
import re
from contextlib import suppress
from math import nan
from typing import NamedTuple

import pytest
from lab import guests
from lab.meter import Meter, attach, plugged, write
from lab.registry import HOST
from lab.waiting import eventually

from simulators.bh1750 import BH1750
from simulators.bme280 import BME280
from simulators.bmp280 import BMP280
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.faults import StuckBus
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.ina219 import INA219
from simulators.lm75 import LM75
from simulators.sht3x import SHT3x
from simulators.sht4x import SHT4x
from simulators.tmp102 import TMP102
from simulators.tmp117 import TMP117

BUS = "/sys/bus/i2c/devices/i2c-0"
MODULES = "lm75 tmp102 sht3x bmp280-i2c ina2xx-adc"
# besides a chip's step: its driver computes in thousandths, and divides by 2**16, not 2**16 - 1
KERNEL = 0.002
PUBLISHED = 0.005  # the agent rounds to two decimals
SHUNT = 0.1  # ohm


class Channel(NamedTuple):
    """The kernel's files whose product, times a factor, is a channel's value."""

    factor: float
    files: tuple[str, ...]


class Chip(NamedTuple):
    """A chip's address, and the kernel's driver and channels for it, if there are any."""

    driver: str
    address: int
    model: type
    kernel: str = ""
    witness: dict[str, Channel] = {}


def hwmon(factor, name):
    return Channel(factor, (f"hwmon/hwmon*/{name}",))


def iio(factor, *names):
    return Channel(factor, tuple(f"iio:device*/{name}" for name in names))


AIR = {
    "temperature": iio(1e-3, "in_temp_input"),
    "atmospheric_pressure": iio(10, "in_pressure_input"),
}
THERMOMETER = {"temperature": hwmon(1e-3, "temp1_input")}
CHIPS = {
    chip.driver: chip
    for chip in (
        Chip("bh1750", 0x23, BH1750),
        Chip(
            "ina219",
            0x40,
            INA219,
            "ina219",
            {
                "voltage": iio(1e-3, "in_voltage1_raw", "in_voltage1_scale"),
                "current": iio(1e-3 / SHUNT, "in_voltage0_raw", "in_voltage0_scale"),
            },
        ),
        Chip(
            "sht3x",
            0x44,
            SHT3x,
            "sht3x",
            {**THERMOMETER, "humidity": hwmon(1e-3, "humidity1_input")},
        ),
        Chip("sht4x", 0x46, SHT4x),
        Chip("lm75", 0x48, LM75, "lm75b", THERMOMETER),
        Chip("tmp102", 0x49, TMP102, "tmp102", THERMOMETER),
        Chip("tmp117", 0x4A, TMP117),
        Chip(
            "bme280",
            0x76,
            BME280,
            "bme280",
            {**AIR, "humidity": iio(1e-3, "in_humidityrelative_input")},
        ),
        Chip("bmp280", 0x77, BMP280, "bmp280", AIR),
    )
}
COLD, HOT = (
    {"temperature": -20.4, "humidity": 15, "atmospheric_pressure": 870.1, "illuminance": 1}
    | {"voltage": 3.3, "current": -1.25},
    {"temperature": 79.9, "humidity": 91, "atmospheric_pressure": 1050, "illuminance": 25000}
    | {"voltage": 24.6, "current": 3.1},
)


def config(*drivers):
    """Return the devices of a configuration, each named as its driver."""
    device = '[[device]]\nname = "{0}"\ndriver = "{0}"\nbus = 0\naddress = {1}\n'
    return "".join(device.format(name, CHIPS[name].address) for name in drivers)


class Sensors:
    """The chips on a simulated bus, by name."""

    def __init__(self):
        self.bus = SimulatedBus(RealClock())
        self.chips = {name: chip.model(RealClock()) for name, chip in CHIPS.items()}
        for name, chip in CHIPS.items():
            self.bus.attach(chip.address, self.chips[name])

    def expose(self, values, drift=0.0):
        """Set what the chips measure; each chip is a little warmer than the one before."""
        for number, chip in enumerate(self.chips.values()):
            for channel in chip.values:
                warmer = drift * number if channel == "temperature" else 0
                chip.set(channel, values[channel] + warmer)

    def wrong(self, name, values, slack=0.0):
        """Return the channels that differ from the truth by more than a step: value and truth."""
        chip = self.chips[name]
        truth = {channel: chip.truth()[channel] for channel in chip.inputs}
        return {
            channel: (values.get(channel), right)
            for channel, right in truth.items()
            if not abs(values.get(channel, nan) - right) <= chip.inputs[channel].step + slack
        }


@pytest.fixture(scope="module")
def sensors():
    return Sensors()


@pytest.fixture(scope="module")
def machine(sensors, unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("i2c")
    with guests.resume(guests.usb_pc(), folder, *guests.no_disk()) as guest:
        unpack(guest)
        with plugged(guest, I2cTinyUsb("simulated sensors", sensors.bus)) as server:
            guest.run(f"load {MODULES}; until [ -e /dev/i2c-0 ]; do sleep 0.1; done")
            guest.server = server
            yield guest


@pytest.fixture(scope="module")
def meter(machine):
    return Meter(machine)


@pytest.fixture
def kernel(machine):
    kernel = Kernel(machine)
    yield kernel
    kernel.release()


class Kernel:
    """The kernel's drivers in the machine, while they are bound to their chips."""

    def __init__(self, machine):
        self._machine = machine
        self._bound = []

    def bind(self, *names):
        for name in names:
            chip = CHIPS[name]
            self._machine.run(f"echo {chip.kernel} {chip.address:#x} > {BUS}/new_device")
            self._machine.run(f"[ -e {self._folder(name)}/driver ]")
            self._bound.append(name)

    def release(self):
        while self._bound:
            address = CHIPS[self._bound.pop()].address
            self._machine.run(f"echo {address:#x} > {BUS}/delete_device")

    def read(self, name):
        return {channel: self._value(name, spec) for channel, spec in CHIPS[name].witness.items()}

    def _value(self, name, channel):
        value = channel.factor
        for file in channel.files:
            value *= float(self._machine.run(f"cat {self._folder(name)}/{file}"))
        return value

    def _folder(self, name):
        return f"/sys/bus/i2c/devices/0-{CHIPS[name].address:04x}"


def settled(wrong, seconds=5):
    """Return what is still wrong after a while: a chip may need one more conversion."""
    with suppress(AssertionError):
        eventually(lambda: not wrong(), seconds)
    return wrong()


WITNESSED = [name for name, chip in CHIPS.items() if chip.kernel]


def test_our_drivers_and_the_kernels_read_the_true_values(sensors, kernel, meter, fact):
    seconds = {}
    for values in (COLD, HOT):
        kernel.bind(*WITNESSED)
        sensors.expose(values, drift=0.33)  # so that no earlier result is right
        for name in WITNESSED:
            assert settled(lambda n=name: sensors.wrong(n, kernel.read(n), KERNEL)) == {}, name
        kernel.release()
        for name, measured in meter.measure(config(*CHIPS)).items():
            assert measured.quality == "good", measured.text
            assert not sensors.wrong(name, measured.values), name
            seconds[name] = round(measured.seconds, 3)
    fact("chips read by our drivers, and by the kernel's", [len(CHIPS), len(WITNESSED)])
    fact("seconds for one measurement through USB/IP", seconds)


def test_a_missing_chip_does_not_acknowledge(sensors, meter):
    chip = sensors.bus.detach(0x44)
    found = meter.measure(config("sht3x", "lm75"))
    sensors.bus.attach(0x44, chip)
    assert found["sht3x"].quality == "no_acknowledge"
    assert "no answer (errno 6)" in found["sht3x"].text
    assert not sensors.wrong("lm75", found["lm75"].values)
    assert meter.measure(config("sht3x"))["sht3x"].quality == "good"


def test_a_stuck_bus_is_given_up_and_the_next_reading_is_right(sensors, meter, fact):
    sensors.expose(COLD)
    sensors.bus.faults.append(StuckBus(RealClock()))
    stuck = meter.measure(config("tmp102"))["tmp102"]
    sensors.bus.faults.clear()
    assert stuck.quality == "transfer_failed"
    assert "transfer broken off (errno 5)" in stuck.text
    assert 1.5 < stuck.seconds < 6
    fact("seconds until a stuck bus is given up", round(stuck.seconds, 1))
    assert not sensors.wrong("tmp102", meter.measure(config("tmp102"))["tmp102"].values)


def test_a_chip_that_the_kernel_drives_is_read_as_the_error_suggests(sensors, kernel, meter, fact):
    sensors.expose(COLD)
    names = ("bme280", "lm75")
    kernel.bind(*names)
    refused = meter.measure(config(*names))
    suggested = {name: re.search(r"\(use (.*); or ", refused[name].text)[1] for name in names}
    fact("suggested for chips that the kernel drives", suggested)
    instead = "".join(
        f'[[device]]\nname = "{name}"\n{re.sub(", (?=device|measure)", chr(10), line)}\n'
        for name, line in suggested.items()
    )
    assert {found.quality for found in refused.values()} == {"claimed_by_kernel"}
    found = {name: measured.values for name, measured in meter.measure(instead).items()}
    assert found["lm75"] == {"temp1": pytest.approx(COLD["temperature"], abs=0.125)}
    right = {name: COLD[name] for name in ("temperature", "humidity")}
    assert found["bme280"] | right == pytest.approx(found["bme280"], abs=0.02)


AGENT = "python3 -m edge_agent run /tmp/agent.toml --set log.path=/tmp/log.db"


class Received:
    """What a subscriber outside the machine has received."""

    def __init__(self, received):
        self._received = received

    def last(self, name):
        """Return the data of a device's newest reading."""
        events = [json.loads(body) for topic, body, _ in self._received if "/event/" in topic]
        found = [event["data"] for event in events if event["subject"] == name]
        return found[-1] if found else {"values": {}, "quality": ""}


def test_an_agent_publishes_the_true_values_whenever_its_adapter_is_plugged_in(
    sensors, machine, broker, subscriber, fact
):
    received = Received(subscriber(broker.port))
    names = ("bme280", "sht3x")
    write(
        machine,
        "/tmp/agent.toml",
        f'node = "guest"\n[mqtt]\nurl = "mqtt://{HOST}:{broker.port}"\n'
        + config(*names).replace("bus = 0", 'bus = 0\nevery = "500ms"'),
    )
    machine.run(f"{AGENT} >/tmp/agent.out 2>&1 &")

    def wrong():
        last = {name: received.last(name)["values"] for name in names}
        return {n: odd for n in names if (odd := sensors.wrong(n, last[n], PUBLISHED))}

    for values in (COLD, HOT):
        sensors.expose(values)
        assert settled(wrong, 30) == {}, machine.run("cat /tmp/agent.out")
    machine.run("echo 0 > /sys/devices/platform/vhci_hcd.0/detach")
    eventually(lambda: all(not received.last(name)["values"] for name in names), 30)
    qualities = [received.last(name)["quality"] for name in names]
    fact("quality of the readings of an adapter that is unplugged", qualities)
    assert set(qualities) <= {"transfer_failed", "bus_missing"}
    sensors.expose(COLD)
    attach(machine, machine.server)
    assert settled(wrong, 30) == {}, machine.run("cat /tmp/agent.out")
