"""The agent as installed by the documented commands, on an emulated Raspberry Pi 3B.

Debian's own kernel drives its BCM2835 I2C controller; the temperature of the TMP105 on that bus is
set from outside. The broker is outside, too.
"""

import re
import threading
import time

import pytest
from lab import guests, provisioning, trees
from lab.chroot import installed
from lab.harness import Harness
from lab.qemu import Guest
from lab.waiting import eventually

REPLIES = {
    "Name of this node [edge]:": "shed",
    "Broker [mqtt://localhost]:": "mqtt://broker.local",
    "[none]:": "lm75",  # the only chip, at 0x48, does not identify itself
}


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """A bare Debian Trixie for aarch64, with the agent installed in it by emulation."""
    chroot = installed(tmp_path_factory.mktemp("pi"), "trixie", "arm64")
    yield chroot
    chroot.close()


@pytest.fixture
def harness(tmp_path):
    with Harness(tmp_path) as harness:
        yield harness


@pytest.fixture
def pi(debian, harness, tmp_path):
    card = tmp_path / "card.img"
    trees.write_disk(card, debian.tree, "ttyS1", 2048)
    with Guest(guests.raspberry_pi(card), tmp_path) as guest:
        set_temperature(guest, 25)
        guest.expect("READY", 240)
        guest.run(f"date -s @{time.time():.0f}")
        harness.prepare(guest, "trixie", "arm64")
        yield guest


def took(began):
    return round(time.monotonic() - began, 1)


def set_temperature(guest, celsius):
    guest.qmp(
        "qom-set",
        path="/machine/peripheral/thermometer",
        property="temperature",
        value=round(celsius * 1000),
    )


def test_readings_from_a_pis_own_bus_reach_a_subscriber_and_none_is_lost(pi, harness, fact):
    began = time.monotonic()
    for command in provisioning.documented("Install the agent")[provisioning.PORTABLE :]:
        pi.converse(command, REPLIES, 180)
    eventually(lambda: harness.values("temperature"))
    fact("seconds from the scan of the Pi's buses to a published reading", took(began))
    assert harness.values("temperature")[-1] == 25
    for celsius in (-10.5, 85, 21.5):
        set_temperature(pi, celsius)
        eventually(lambda now=celsius: harness.values("temperature")[-1] == now)
    without_the_network(pi, harness)
    without_the_broker(harness)
    pi.run("sudo systemctl stop edge-agent")
    last = int(re.search(r"recorded +(\d+)", pi.run("sudo edge-agent log stats"))[1])
    harness.wait_for_events(last)
    fact("events of the emulated Pi, and lost", [last, last - len(harness.events())])


def without_the_network(pi, harness):
    """Unplug the cable for ten readings: they arrive afterwards."""
    before = max(harness.events())
    pi.qmp("set_link", name="nic", up=False)
    set_temperature(pi, 33)
    pi.run("sleep 15")  # in the guest: its readings must continue
    assert 33 not in harness.values("temperature")
    pi.qmp("set_link", name="nic", up=True)
    eventually(lambda: harness.values("temperature")[-1] == 33)
    harness.wait_for_events(before + 5)


def without_the_broker(harness):
    eventually(harness.has_saved_subscriber)
    harness.broker.kill()
    before = len(harness.events())
    threading.Event().wait(5)
    harness.broker.start()
    eventually(lambda: len(harness.events()) > before + 2)
