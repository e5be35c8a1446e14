"""The agent as installed by the documented commands, on an emulated Raspberry Pi 3B.

Debian's own kernel drives its BCM2835 I2C controller; the temperature of the TMP105 on that bus is
set from outside. The broker stands outside, too.
"""

import re
import threading
import time

import pytest
from lab import guests, house, trees
from lab.chroot import installed
from lab.home import Home
from lab.qemu import Guest
from lab.waiting import eventually

REPLIES = {
    "Name of this node [edge]:": "shed",
    "Broker [mqtt://localhost]:": "mqtt://broker.local",
    "[none]:": "lm75",  # the one chip, at 0x48, does not say what it is
}


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    """A bare Debian Trixie for aarch64, with the agent installed in it by emulation."""
    chroot = installed(tmp_path_factory.mktemp("pi"), "trixie", "arm64")
    yield chroot
    chroot.close()


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path) as home:
        yield home


@pytest.fixture
def pi(debian, home, tmp_path):
    card = tmp_path / "card.img"
    trees.write_disk(card, debian.tree, "ttyS1", 2048)
    with Guest(guests.raspberry_pi(card), tmp_path) as guest:
        set_temperature(guest, 25)
        guest.expect("READY", 240)
        guest.run(f"date -s @{time.time():.0f}")
        home.move_in(guest, "trixie", "arm64")
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


def test_readings_of_a_pi_s_own_bus_reach_a_subscriber_and_none_is_lost(pi, home, fact):
    began = time.monotonic()
    for command in house.documented("Install the agent")[house.ANYWHERE :]:
        pi.converse(command, REPLIES, 180)
    eventually(lambda: home.values("temperature"), 60)
    fact("seconds from the first look at the Pi's buses to a reading outside", took(began))
    assert home.values("temperature")[-1] == 25
    for celsius in (-10.5, 85, 21.5):
        set_temperature(pi, celsius)
        eventually(lambda now=celsius: home.values("temperature")[-1] == now, 60)
    without_the_network(pi, home)
    without_the_broker(home)
    pi.run("sudo systemctl stop edge-agent")
    last = int(re.search(r"recorded +(\d+)", pi.run("sudo edge-agent log stats"))[1])
    home.settle(last)
    fact("events of the emulated Pi, and lost", [last, last - len(home.events())])


def without_the_network(pi, home):
    """Let ten readings pass while the cable is out: they arrive afterwards."""
    before = max(home.events())
    pi.qmp("set_link", name="nic", up=False)
    set_temperature(pi, 33)
    pi.run("sleep 15")  # in the guest: its readings are what must go on
    assert 33 not in home.values("temperature")
    pi.qmp("set_link", name="nic", up=True)
    eventually(lambda: home.values("temperature")[-1] == 33, 90)
    home.settle(before + 5)


def without_the_broker(home):
    eventually(home.remembers_its_subscriber)
    home.broker.kill()
    before = len(home.events())
    threading.Event().wait(5)
    home.broker.start()
    eventually(lambda: len(home.events()) > before + 2, 90)
