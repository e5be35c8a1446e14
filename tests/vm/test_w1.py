"""Simulated thermometers on a real kernel's 1-Wire: our driver, checked against the kernel's.

The thermometers are in this process, which the machine sees as a DS2490. One machine runs through
the tests in order.
"""

import pytest
from lab import guests
from lab.meter import Meter, plugged

from simulators.clock import RealClock
from simulators.ds18b20 import DS18B20
from simulators.ds2490 import DS2490
from simulators.onewire import CONVERSION_SECONDS, Thermometer, Wire
from simulators.sysfs import SimulatedW1

IDS = {"warm": "28-0316a2794aff", "cold": "28-3c01b607abcd", "old": "10-000803a1b2c3"}
DEVICES = "/sys/bus/w1/devices"
NOBODY = "65534"
MILD = {"warm": 21.5, "cold": -7.125, "old": 30.25}
HARSH = {"warm": 85.0, "cold": -54.5, "old": -0.5}  # a real 85 °C is not the power-on value
CONFIG = "".join(
    f'[[device]]\nname = "{name}"\ndriver = "ds18b20"\nid = "{id_}"\n' for name, id_ in IDS.items()
)


class Bench:
    """The thermometers, by name, on one wire."""

    def __init__(self):
        clock, files = RealClock(), SimulatedW1()
        self.chips = {name: DS18B20(clock, id_) for name, id_ in IDS.items()}
        for chip in self.chips.values():
            files.attach(chip)
        self.wire = Wire(
            [Thermometer(id_, files.directory(id_) / "w1_slave", clock) for id_ in IDS.values()]
        )

    def expose(self, temperatures):
        for name, celsius in temperatures.items():
            self.chips[name].set("temperature", celsius)


@pytest.fixture(scope="module")
def thermometers():
    return Bench()


@pytest.fixture(scope="module")
def machine(thermometers, unpack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("w1")
    with guests.resume(guests.usb_pc(), folder, *guests.no_disk()) as guest:
        unpack(guest)
        with plugged(guest, DS2490("simulated thermometers", thermometers.wire)):
            for id_ in IDS.values():
                guest.run(f"until [ -e {DEVICES}/{id_}/w1_slave ]; do sleep 0.1; done")
            yield guest


@pytest.fixture(scope="module")
def meter(machine):
    return Meter(machine)


def temperatures(measured):
    """Return our driver's temperatures; all must be good."""
    assert {name: found.text for name, found in measured.items()} == dict.fromkeys(IDS, "")
    return {name: found.values["temperature"] for name, found in measured.items()}


def witnessed(machine, name):
    """Return the value of the kernel's own attribute."""
    return int(machine.run(f"cat {DEVICES}/{IDS[name]}/temperature")) / 1000


@pytest.mark.parametrize("truth", [MILD, HARSH])
def test_our_driver_and_the_kernels_attribute_have_the_true_values(
    thermometers, machine, meter, truth
):
    thermometers.expose(truth)
    assert temperatures(meter.measure(CONFIG)) == truth
    assert {name: witnessed(machine, name) for name in IDS} == truth


def test_a_joint_conversion_gives_each_thermometer_its_value_of_that_moment(
    thermometers, meter, fact
):
    thermometers.expose(MILD)
    measured = meter.measure(CONFIG)
    assert temperatures(measured) == MILD
    first, *others = [found.seconds for found in measured.values()]
    assert first >= CONVERSION_SECONDS
    assert max(others) < CONVERSION_SECONDS
    fact("seconds, three thermometers in a joint conversion", round(first + sum(others), 2))


def test_a_user_who_may_not_start_a_joint_conversion_reads_no_stale_value(
    thermometers, machine, fact
):
    thermometers.expose(MILD)
    machine.run(f"echo trigger > {DEVICES}/w1_bus_master1/therm_bulk_read")
    thermometers.expose(HARSH)
    measured = Meter(machine, NOBODY).measure(CONFIG)
    assert temperatures(measured) == HARSH
    seconds = [found.seconds for found in measured.values()]
    assert min(seconds) >= CONVERSION_SECONDS
    fact("seconds, three thermometers one after another", round(sum(seconds), 2))


@pytest.mark.parametrize(
    "fault, quality",
    [
        ("noise", "not_ready"),  # for a bad checksum the kernel shows only an empty file
        ("open", "not_ready"),
        ("shorted", "dead_frame"),
        ("power_on", "lost_configuration"),
        ("starved", "lost_configuration"),
    ],
)
def test_a_thermometer_with_a_fault_has_no_value_and_the_others_are_right(
    thermometers, meter, fault, quality
):
    thermometers.expose(MILD)
    thermometers.chips["warm"].fault = fault
    measured = meter.measure(CONFIG)
    thermometers.chips["warm"].fault = ""
    assert_absent(measured, quality)


def test_an_unplugged_thermometer_has_no_value_until_it_is_back(thermometers, meter):
    thermometers.expose(HARSH)
    thermometers.chips["warm"].unplug()
    pulled = meter.measure(CONFIG)
    thermometers.chips["warm"].plug()
    assert_absent(pulled, "not_ready", HARSH)
    assert temperatures(meter.measure(CONFIG)) == HARSH


def assert_absent(measured, quality, truth=MILD):
    """Check that one has only a reason, and that the others are unaffected."""
    assert (measured["warm"].values, measured["warm"].quality) == ({}, quality)
    others = {name: measured[name].values for name in ("cold", "old")}
    assert others == {name: {"temperature": truth[name]} for name in others}
