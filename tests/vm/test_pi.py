"""The agent as installed by the documented commands, on an emulated Raspberry Pi 3B.

Debian's own kernel drives its BCM2835 I2C controller; the temperature of the TMP105 on that bus is
set from outside. The broker stands outside, too.
"""

import re
import socket
import threading
import time

import pytest
from lab import guests, house, trees
from lab.broker import eventually
from lab.chroot import Chroot
from lab.home import Home
from lab.qemu import Guest
from lab.registry import Registry

REPLIES = {"Name of this node [edge]:": "shed", "Broker [mqtt://localhost]:": "mqtt://broker.local"}


@pytest.fixture(scope="module")
def commands():
    """The documented commands: those for anywhere, and those where the hardware is."""
    all_ = house.documented("Install the agent")
    first = next(n for n, command in enumerate(all_) if "edge-agent init" in command)
    return all_[:first], all_[first:]


@pytest.fixture(scope="module")
def installed(tmp_path_factory, commands):
    """A bare Debian Trixie for aarch64, with the agent installed in it by emulation."""
    folder = tmp_path_factory.mktemp("pi")
    chroot = install(folder, "arm64", commands[0])
    yield chroot
    chroot.close()


def install(folder, arch, commands):
    """Return a tree in which commands were typed."""
    files = folder / "files"
    files.mkdir()
    wheels = house.stock(files, "trixie", arch)
    chroot = Chroot(trees.tree("trixie", arch), folder)
    for old in (chroot.tree / "etc/apt/sources.list.d").glob("*"):
        old.unlink()
    with Registry(files) as registry:
        url = f"http://127.0.0.1:{registry.port}"
        for path, text in house.settings(url, "trixie", wheels).items():
            (chroot.tree / path.lstrip("/")).write_text(f"{text}\n")
        (chroot.tree / "etc/hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
        for command in commands:
            chroot.run(command)
    return chroot


@pytest.fixture
def home(tmp_path):
    with Home(tmp_path) as home:
        yield home


@pytest.fixture
def pi(installed, home, tmp_path):
    card = tmp_path / "card.img"
    trees.write_disk(card, installed.tree, "ttyS1", 2048)
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


def test_readings_of_a_pi_s_own_bus_reach_a_subscriber_and_none_is_lost(pi, home, commands, fact):
    began = time.monotonic()
    for command in commands[1]:
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
    home.settle(pi, last)
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
    home.settle(pi, before + 5)


def without_the_broker(home):
    eventually(home.remembers_its_subscriber)
    home.broker.kill()
    before = len(home.events())
    threading.Event().wait(5)
    home.broker.start()
    eventually(lambda: len(home.events()) > before + 2, 90)
