"""Power cuts under load, on a disk that forgets what was not flushed, and on one that lies.

The real program runs in an emulated PC and publishes to a broker outside, where a subscriber keeps
what it got: whatever it ever got must be in the log after each cut, byte for byte.
"""

import random
import socket
import sqlite3
import tarfile
import time
from contextlib import closing

import pytest
from lab import guests
from lab.disk import ForgetfulDisk, ext4
from lab.qemu import Guest
from lab.registry import HOST
from lab.waiting import eventually

from edge_agent.deliver.envelope import Envelope
from edge_agent.store.reader import LogReader

NODE = "load"
CUTS, LIES = 20, 3
FRESH = 20  # events outside before a cut
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


class Outside:
    """What a subscriber got: the events' bodies by log and offset, and contradictions."""

    def __init__(self, received):
        self._received = received
        self._seen = 0
        self.messages = self.salvages = 0
        self.bodies = {}
        self.contradictions = []

    def look(self):
        """Take what has arrived; return how many events came so far, repeated ones included."""
        new = self._received[self._seen :]
        self._seen += len(new)
        for topic, body, _ in new:
            if "/event/" in topic:
                self._take(body)
        return self.messages

    def _take(self, body):
        self.messages += 1
        self.salvages += b'"log_salvaged"' in body
        log, offset = body.split(b'"', 4)[3].decode().split(":")
        known = self.bodies.setdefault(log, {})
        if known.setdefault(int(offset), body) != body:
            self.contradictions.append(int(offset))

    def wait_for(self, count, seconds=60):
        """Wait for so many more events."""
        target = self.look() + count
        eventually(lambda: self.look() >= target, seconds)


class Log:
    """A copy of the guest's log, read on this machine."""

    def __init__(self, path):
        with closing(LogReader(path)) as reader:
            self.id, self.stats = reader.id, reader.stats()
            self.cursor = reader.cursor("mqtt")
            envelope = Envelope(NODE, self.id)
            self.bodies = {e.offset: envelope.encode(e) for e in reader.events_after(0)}

    def lost(self, outside):
        """Return the offsets that are known outside and not, or not the same, in the log."""
        known = outside.bodies.get(self.id, {})
        return [offset for offset, body in known.items() if self.bodies.get(offset) != body]


def complaint(path):
    """Return what SQLite has to say against a database: "ok" is nothing."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)


class Cellar:
    """A machine whose power fails again and again, with everything that is kept outside it."""

    def __init__(self, folder, disk, outside, state):
        self._folder = folder
        self._state = state
        self.disk = disk
        self.outside = outside

    def wake(self):
        """Return the machine as it was frozen, with a disk that is not yet mounted."""
        incoming = ("-incoming", f"file:{self._state}")
        guest = Guest(guests.bench(), self._folder, *self.disk.plug(), *incoming).thaw()
        guest.run(f"date -s @{time.time():.0f} && load virtio_blk")
        self._guest = guest
        return guest

    def close(self):
        """Let nothing run on."""
        self._guest.cut()

    def copy(self, guest):
        """Return a copy of the log as it is in the guest, which is not opened there."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            guest.send(f"cd /mnt; tar c $(ls -d load.db*) | nc {HOST} {port}; cd /")
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                folder = self._folder / f"copy-{port}"
                with tarfile.open(fileobj=stream, mode="r|") as tar:
                    tar.extractall(folder, filter="data")
        return folder / "load.db"

    def live(self, guest, seconds, never="Traceback|ERROR"):
        """Run the agent under load until many events came outside, and then for a while."""
        guest.send(f"{AGENT} & agent=$!")
        self.outside.wait_for(FRESH)
        with pytest.raises(TimeoutError):
            guest.expect(never, seconds)

    def cut(self, guest, requests=0):
        """Cut the power of the machine and its disk, so many requests of the disk from now."""
        self.disk.fail(requests)
        guest.cut()
        return self.disk.cut()


@pytest.fixture
def state(tmp_path, broker, bench, registry, files):
    """A machine with the agent at hand and a clock that is trusted, frozen."""
    (files / "load.toml").write_text(CONFIG.replace("PORT", str(broker.port)))
    (files / "load.scenario.toml").write_text("".join(SIGNAL.format(n=n) for n in range(3)))
    for name in ("load.toml", "load.scenario.toml"):
        bench.run(f"wget -q -O /run/{name} {registry.url}/files/{name}")
    bench.run("mkdir -p /run/systemd/timesync; touch /run/systemd/timesync/synchronized")
    path = tmp_path / "frozen"
    bench.freeze(path)
    yield path
    path.unlink()  # a quarter of a gigabyte


@pytest.fixture
def cellar(tmp_path, broker, subscriber, state):
    disk = ForgetfulDisk(ext4(tmp_path / "disk.img", guests.DISK_SIZE), seed=5)
    cellar = Cellar(tmp_path, disk, Outside(subscriber(broker.port)), state)
    yield cellar
    cellar.close()


def test_nothing_that_anybody_outside_knows_is_lost_by_a_power_cut(cellar, fact):
    outside, chance, began = cellar.outside, random.Random(20), time.monotonic()
    lost, cuts, guest = [], [], cellar.wake()
    guest.run("mount /dev/vda /mnt")
    for _ in range(CUTS):
        cellar.live(guest, chance.uniform(0.5, 4))
        cuts.append(cellar.cut(guest, chance.randrange(40)))
        outside.look()
        guest = cellar.wake()
        guest.run("mount /dev/vda /mnt")
        path = cellar.copy(guest)
        assert complaint(path) == "ok"
        log = Log(path)
        assert list(outside.bodies) == [log.id], "another log than before"
        assert list(log.bodies) == list(range(1, log.stats.recorded + 1)), "an offset is missing"
        lost += log.lost(outside)
        assert set(range(1, log.cursor + 1)) <= set(outside.bodies[log.id]), "never delivered"
    fact("cuts", CUTS)
    fact("seconds for a cut", round((time.monotonic() - began) / CUTS, 1))
    fact("cuts with unflushed sectors", sum(cut.unflushed > 0 for cut in cuts))
    fact("events outside", len(outside.bodies[log.id]))
    fact("lost", len(lost))
    fact("contradictions", len(outside.contradictions))
    assert not lost
    assert sum(cut.unflushed > 0 for cut in cuts) > CUTS / 4, "the disk had nothing to forget"
    finish(cellar, guest)
    assert not outside.contradictions


def finish(cellar, guest):
    """A last life that nothing disturbs: afterwards the account is whole, inside and outside."""
    outside = cellar.outside
    guest.send(f"{AGENT} & agent=$!")
    outside.wait_for(FRESH)
    guest.run("kill $agent; wait $agent")
    log = Log(cellar.copy(guest))
    eventually(lambda: outside.look() and set(outside.bodies[log.id]) >= set(log.bodies))
    recorded, waiting, dropped, *_ = log.stats
    assert recorded == log.cursor + waiting["mqtt"] + sum(dropped.values())
    assert outside.bodies == {log.id: log.bodies}, "inside and outside differ"
    assert list(log.bodies) == list(range(1, recorded + 1))
    guest.cut()


def test_a_disk_that_lies_never_crashes_the_agent(cellar, fact):
    """What is found damaged is told outside, and the agent goes on with whatever is left."""
    chance, lives = random.Random(3), []
    guest = cellar.wake()
    guest.run("mount /dev/vda /mnt")
    cellar.live(guest, 3)
    guest.run("kill $agent; wait $agent; umount /mnt")
    guest.cut()
    for _ in range(LIES):
        guest, life = mend(cellar)
        cellar.disk.lying = True
        told = cellar.outside.salvages
        cellar.live(guest, 0.5, "Traceback")
        if life["database"] != "ok":
            eventually(lambda known=told: cellar.outside.look() and cellar.outside.salvages > known)
        guest.run("kill $agent; wait $agent")  # folds the log into one file
        cellar.live(guest, 0.5, "Traceback")
        cut = cellar.cut(guest, chance.randrange(40))
        lives.append({**life, "cut": cut, "contradictions": len(cellar.outside.contradictions)})
    fact("the database after each life on a disk that lies", [life["database"] for life in lives])
    assert any(life["database"] != "ok" for life in lives), "no damage to detect"


def mend(cellar):
    """Return the machine with its disk mounted, after fsck where need be, and what was found."""
    cellar.disk.lying = False
    refused, guest = "", cellar.wake()
    code, said = guest.try_("mount /dev/vda /mnt")
    if code:
        refused = said
        guest.cut()
        cellar.disk.settle()
        cellar.disk.check()
        guest = cellar.wake()
        guest.run("mount /dev/vda /mnt")
    boot, there = guest.run("cat /proc/sys/kernel/random/boot_id"), guest.run("ls -s /mnt")
    database = complaint(cellar.copy(guest)) if "load.db" in there.split() else "gone"
    return guest, {"refused": refused, "boot": boot, "there": there, "database": database}
