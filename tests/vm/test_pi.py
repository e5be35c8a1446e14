"""The agent as installed by the documented commands, on an emulated Raspberry Pi 3B.

Debian's own kernel drives its BCM2835 I2C controller; the temperature of the TMP105 on that bus is
set from outside. The broker stands outside, too.
"""

import json
import time

import pytest
from lab import guests, house, trees
from lab.chroot import Chroot
from lab.qemu import Guest
from lab.registry import Registry

ON_THE_PI = 2  # the last of the documented commands, typed where the buses are
KEEP = """allow_anonymous true
max_inflight_messages 0
persistence true
persistence_location {}/
autosave_interval 1
user root
"""
EVERY = "every = "


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
        (chroot.tree / "etc/hosts").write_text(f"127.0.0.1 localhost {hostname()}\n")
        for command in commands:
            chroot.run(command)
    return chroot


def hostname():
    import socket

    return socket.gethostname()


@pytest.fixture
def pi(installed, tmp_path):
    card = tmp_path / "card.img"
    trees.write_disk(card, installed.tree, "ttyS1", 2048)
    with Guest(guests.raspberry_pi(card), tmp_path) as guest:
        set_temperature(guest, 25)
        guest.expect("READY", 240)
        guest.run(f"date -s @{time.time():.0f}")
        yield guest


def set_temperature(guest, celsius):
    guest.qmp(
        "qom-set",
        path="/machine/peripheral/thermometer",
        property="temperature",
        value=round(celsius * 1000),
    )


def temperatures(received):
    """Return what was read, by offset: (offset, °C)."""
    found = {}
    for _topic, body, _retained in list(received):
        event = json.loads(body)
        if event["type"].endswith("reading") and "temperature" in event["data"].get("values", {}):
            found[offset_of(event)] = event["data"]["values"]["temperature"]
    return found


def offset_of(event):
    return int(event["id"].split(":")[1])


def test_readings_of_a_pi_s_own_bus_reach_a_subscriber_and_none_is_lost(
    pi, commands, mosquitto, subscriber, tmp_path, wait_for, fact
):
    broker = mosquitto(KEEP.format(tmp_path)).start()
    received = subscriber(broker.port, "edge/+/event/#", "watcher")
    saved = tmp_path / "mosquitto.db"
    wait_for(lambda: saved.exists() and b"watcher" in saved.read_bytes())
    print(pi.run("sudo edge-agent init --help"))
    raise AssertionError(commands)
