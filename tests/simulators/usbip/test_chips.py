"""Chips, read through an adapter."""

import errno
import math
from contextlib import closing

import pytest
from lab.usbip_client import IN, OUT, Kernel, Plug, TinyUsbBus
from smbus2 import i2c_msg

from drivers.base.driver import run
from edge_agent.blueprint import resolve
from edge_agent.commands import usbip as command
from edge_agent.commands.simulation import attach
from edge_agent.testing.bench import at, off
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware
from simulators.usbip import Server


def test_our_drivers_read_all_chips_of_the_example_right(root, monkeypatch):
    monkeypatch.setattr("drivers.base.i2c.BUDGET", math.inf)  # a slow machine holds no bus
    clock = VirtualClock()
    hardware, blueprint = SimulatedHardware(clock), resolve(root / "examples/everything.toml")
    attach(hardware, blueprint)
    server = Server(command.adapters(hardware))
    server.start()
    devices = [one for one in blueprint.devices if one.place.kind == "i2c"]
    assert len(devices) > 25
    with closing(server), closing(Kernel(server, hardware.buses())) as kernel:
        wrong = {one.name: misread(one, hardware, kernel, clock) for one in devices}
    assert {name: difference for name, difference in wrong.items() if difference} == {}


def misread(one, hardware, kernel, clock):
    """Return the channels of a device that are wrong at two points of its range."""
    name = one.name
    driver, model = one.build(kernel), hardware._models[name]
    wrong = {}
    for share in (0.37, 0.6):
        for channel, span in model.inputs.items():
            hardware.expose(name, channel, at(span, share))
        clock.advance(30)
        run(driver.setup(), clock.sleep)
        clock.advance(200)  # gas sensors warm up
        run(driver.measure(), clock.sleep)  # some sample by themselves: this is what was before
        clock.advance(30)
        values = run(driver.measure(), clock.sleep)
        wrong |= off(one.channels, values, hardware.truth(name))
    return wrong


def test_a_chip_that_is_not_there_is_no_answer(server):
    with Plug(server, "1-1") as plug, pytest.raises(OSError) as caught:
        TinyUsbBus(plug).i2c_rdwr(i2c_msg.write(0x45, [0xFD]))
    assert caught.value.errno == errno.ENXIO


def test_a_thermometers_rom_is_read_through_endpoints(server):
    with Plug(server, "1-2") as plug:
        plug.control(0x40, 1, 0x43, 0)
        plug.transfer(OUT, 2, 9, data=b"\x33" + b"\xff" * 8)
        plug.control(0x40, 1, 0x75, 9)
        assert plug.transfer(IN, 1, 32)[13] == 9
        assert plug.transfer(IN, 3, 9)[1:8].hex() == "28ff4a79a21603"
