"""Power cuts under load, on a disk with a volatile cache, and on one that lies about flushes.

The real program runs in an emulated PC and publishes to a broker outside. After each cut,
everything that a subscriber there has ever received must be in the log, byte for byte.
"""

import random
import socket
import sqlite3
import tarfile
import time
from contextlib import closing

import pytest
from lab import guests
from lab.disk import VolatileDisk, ext4
from lab.qemu import Guest
from lab.registry import HOST
from lab.waiting import eventually

from edge_agent.deliver.envelope import Envelope
from edge_agent.store.reader import LogReader

NODE = "load"
CUTS, LIES = 20, 3
FRESH = 20  # events published before a cut
CHIP = """
[[device]]
name = "chip{n}"
driver = "sht4x"
address = {address}
every = "100ms"
[[rule]]
name = "warm{n}"
when = "chip{n}.temperature > 20"
"""
CONFIG = f"""
node = "{NODE}"
[log]
path = "/mnt/load.db"
commit_interval = "20ms"
[mqtt]
url = "mqtt://{HOST}:PORT"
""" + "".join(CHIP.format(n=n, address=0x44 + n) for n in range(3))
SIGNAL = """
[signal."chip{n}.temperature"]
kind = "sine"
mean = 20
swing = 5
period = 1
"""
AGENT = "python3 -m edge_agent simulate --no-broker /run/load.toml 2>&1 >/dev/null"


class Received:
    """What a subscriber received: the events' bodies by log and offset, and contradictions."""

    def __init__(self, received):
        self._received = received
        self._seen = 0
        self.messages = self.salvages = 0
        self.bodies = {}
        self.contradictions = []

    def count(self):
        """Process what has arrived; return the number of events so far, including repeated ones."""
        new = self._received[self._seen :]
        self._seen += len(new)
        for topic, body, _ in new:
            if "/event/" in topic:
                self._add(body)
        return self.messages

    def _add(self, body):
        self.messages += 1
        self.salvages += b'"log_salvaged"' in body
        log, offset = body.split(b'"', 4)[3].decode().split(":")
        known = self.bodies.setdefault(log, {})
        if known.setdefault(int(offset), body) != body:
            self.contradictions.append(int(offset))

    def wait_for(self, more, seconds=60):
        """Wait for this many more events."""
        target = self.count() + more
        eventually(lambda: self.count() >= target, seconds)


class Log:
    """A copy of the guest's log, read on this machine."""

    def __init__(self, path):
        with closing(LogReader(path)) as reader:
            self.id, self.stats = reader.id, reader.stats()
            self.cursor = reader.cursor("mqtt")
            envelope = Envelope(NODE, self.id)
            self.bodies = {e.offset: envelope.encode(e) for e in reader.events_after(0)}

    def lost(self, received):
        """Return the offsets that were received, but are missing or different in the log."""
        known = received.bodies.get(self.id, {})
        return [offset for offset, body in known.items() if self.bodies.get(offset) != body]


def integrity(path):
    """Return the result of SQLite's integrity check, or its error."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)


class UnstableMachine:
    """A machine whose power fails again and again, and everything that is kept outside it."""

    def __init__(self, folder, disk, received, state):
        self._folder = folder
        self._state = state
        self.disk = disk
        self.received = received

    def resume(self):
        """Return the machine in its frozen state, with the disk not yet mounted."""
        incoming = ("-incoming", f"file:{self._state}")
        guest = Guest(guests.usb_pc(), self._folder, *self.disk.plug(), *incoming).thaw()
        guest.run(f"date -s @{time.time():.0f} && load virtio_blk")
        self._guest = guest
        return guest

    def close(self):
        """Stop the machine."""
        self._guest.cut()

    def copy(self, guest):
        """Return a copy of the guest's log, without opening it in the guest."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            guest.send(f"cd /mnt; tar c $(ls -d load.db*) | nc {HOST} {port}; cd /")
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                folder = self._folder / f"copy-{port}"
                with tarfile.open(fileobj=stream, mode="r|") as tar:
                    tar.extractall(folder, filter="data")
        return folder / "load.db"

    def run_agent(self, guest, seconds, never="Traceback|ERROR"):
        """Run the agent under load until many events are published, and then for a while."""
        guest.send(f"{AGENT} & agent=$!")
        self.received.wait_for(FRESH)
        with pytest.raises(TimeoutError):
            guest.expect(never, seconds)

    def cut(self, guest, requests=0):
        """Cut the power of the machine and its disk, after this many more requests to the disk."""
        self.disk.fail(requests)
        guest.cut()
        return self.disk.cut()


@pytest.fixture
def state(tmp_path, broker, usb_pc, registry, files):
    """A frozen machine with the agent and a trusted clock."""
    (files / "load.toml").write_text(CONFIG.replace("PORT", str(broker.port)))
    (files / "load.scenario.toml").write_text("".join(SIGNAL.format(n=n) for n in range(3)))
    for name in ("load.toml", "load.scenario.toml"):
        usb_pc.run(f"wget -q -O /run/{name} {registry.url}/files/{name}")
    usb_pc.run("mkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized")
    path = tmp_path / "frozen"
    usb_pc.freeze(path)
    yield path
    path.unlink()  # a quarter of a gigabyte


@pytest.fixture
def unstable(tmp_path, broker, subscriber, state):
    disk = VolatileDisk(ext4(tmp_path / "disk.img", guests.DISK_SIZE), seed=5)
    machine = UnstableMachine(tmp_path, disk, Received(subscriber(broker.port)), state)
    yield machine
    machine.close()


def test_a_power_cut_loses_nothing_that_was_published(unstable, fact):
    received, chance, began = unstable.received, random.Random(20), time.monotonic()
    lost, cuts, guest = [], [], unstable.resume()
    guest.run("mount /dev/vda /mnt")
    for _ in range(CUTS):
        unstable.run_agent(guest, chance.uniform(0.5, 4))
        cuts.append(unstable.cut(guest, chance.randrange(40)))
        received.count()
        guest = unstable.resume()
        guest.run("mount /dev/vda /mnt")
        path = unstable.copy(guest)
        assert integrity(path) == "ok"
        log = Log(path)
        assert list(received.bodies) == [log.id], "another log than before"
        assert list(log.bodies) == list(range(1, log.stats.recorded + 1)), "an offset is missing"
        lost += log.lost(received)
        assert set(range(1, log.cursor + 1)) <= set(received.bodies[log.id]), "never delivered"
    fact("cuts", CUTS)
    fact("seconds for a cut", round((time.monotonic() - began) / CUTS, 1))
    fact("cuts with unflushed sectors", sum(cut.unflushed > 0 for cut in cuts))
    fact("events published", len(received.bodies[log.id]))
    fact("lost", len(lost))
    fact("contradictions", len(received.contradictions))
    assert not lost
    assert sum(cut.unflushed > 0 for cut in cuts) > CUTS / 4, "the disk had nothing to lose"
    finish(unstable, guest)
    assert not received.contradictions


def finish(unstable, guest):
    """Run undisturbed a last time: then the log and what was received agree completely."""
    received = unstable.received
    guest.send(f"{AGENT} & agent=$!")
    received.wait_for(FRESH)
    guest.run("kill $agent; wait $agent")
    log = Log(unstable.copy(guest))
    eventually(lambda: received.count() and set(received.bodies[log.id]) >= set(log.bodies))
    recorded, waiting, dropped, *_ = log.stats
    assert recorded == log.cursor + waiting["mqtt"] + sum(dropped.values())
    assert received.bodies == {log.id: log.bodies}, "log and subscriber differ"
    assert list(log.bodies) == list(range(1, recorded + 1))
    guest.cut()


def test_a_disk_that_lies_never_crashes_the_agent(unstable, fact):
    """It publishes that the log was damaged, and continues with whatever is left."""
    chance, lives = random.Random(3), []
    guest = unstable.resume()
    guest.run("mount /dev/vda /mnt")
    unstable.run_agent(guest, 3)
    guest.run("kill $agent; wait $agent; umount /mnt")
    guest.cut()
    for _ in range(LIES):
        guest, life = repair(unstable)
        unstable.disk.lying = True
        before = unstable.received.salvages
        unstable.run_agent(guest, 0.5, "Traceback")
        if life["database"] != "ok":
            eventually(
                lambda known=before: (
                    unstable.received.count() and unstable.received.salvages > known
                )
            )
        guest.run("kill $agent; wait $agent")  # folds the log into one file
        unstable.run_agent(guest, 0.5, "Traceback")
        cut = unstable.cut(guest, chance.randrange(40))
        lives.append({**life, "cut": cut, "contradictions": len(unstable.received.contradictions)})
    fact("the database after each life on a disk that lies", [life["database"] for life in lives])
    assert any(life["database"] != "ok" for life in lives), "no damage to detect"


def repair(unstable):
    """Return the machine with its disk mounted, after fsck if necessary, and the disk's state."""
    unstable.disk.lying = False
    refused, guest = "", unstable.resume()
    code, output = guest.try_("mount /dev/vda /mnt")
    if code:
        refused = output
        guest.cut()
        unstable.disk.settle()
        unstable.disk.check()
        guest = unstable.resume()
        guest.run("mount /dev/vda /mnt")
    boot, there = guest.run("cat /proc/sys/kernel/random/boot_id"), guest.run("ls -s /mnt")
    database = integrity(unstable.copy(guest)) if "load.db" in there.split() else "gone"
    return guest, {"refused": refused, "boot": boot, "there": there, "database": database}
