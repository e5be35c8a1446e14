"""Load faults: a burst of readings, a backlog of millions, and an outage that outgrows the log."""

import json
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from lab.broker import Subscriber
from lab.waiting import eventually

from edge_agent.clock import SystemClock
from edge_agent.events import KINDS, Subscription
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from tests.configurations import chips
from tests.torture.fault import Fault
from tests.torture.faults.link import BROKERS
from tests.torture.rig import Rig
from tests.torture.row import Row

SLOW, FAST = "5s", "50ms"  # one hundredth, and all
BACKLOG = 10_000_000
OUTAGE = 80_000  # events of some 130 bytes: 10 MB
SLICE = 30_000  # events of the backlog whose delivery is awaited
FLAT = 30_000  # kB that the agent may grow by meanwhile
LIVE = 5  # values of each device that must be seen while the backlog waits
BEGIN = 1_700_000_000_000_000  # µs; the time of the backlog's first event
DATA = '{"values":{"temperature":21.5,"humidity":45.25,"number":%d},"quality":"good"}'
FILL = """
WITH RECURSIVE backlog(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM backlog WHERE n < ?)
INSERT INTO event (time, kind, source, data)
SELECT ? + n * 1000, 'reading', 'chip10', printf(?, n) FROM backlog
"""
BACKLOG_CONFIG = """
node = "torture"
[mqtt]
url = "{url}"
catch_up = 2000
[log]
max_size = "8GB"
commit_interval = "20ms"
"""


def burst(rig: Rig) -> Row:
    """Read fourteen of fifteen chips a hundred times as often for a while."""
    rule = chips(1, 1)  # the rig's rule needs this one's readings
    rig.begin(devices=chips(5, 3, SLOW).replace(chips(1, 1, SLOW), rule))
    slow, calm = rig.agent.config.read_text(), rig.snapshot().last
    reload(rig, slow.replace(f'every = "{SLOW}"', f'every = "{FAST}"'))
    eventually(lambda: rig.snapshot().last > calm + 6000 * rig.scale)
    reload(rig, slow)
    ended = time.monotonic()
    note = "14 chips, from every 5 s to every 50 ms and back"
    return rig.finish("100 times as many readings", 1, ended, note)


def reload(rig: Rig, text: str) -> None:
    rig.agent.config.write_text(text)
    rig.agent.send(signal.SIGHUP)


def backlog(rig: Rig) -> Row:
    """Start with a log of millions of waiting events; deliver a part of them."""
    count = round(BACKLOG * rig.scale**2)  # the short form has a hundredth of it
    rig.prepare()
    fill(rig.agent.log, count, {"mqtt": frozenset(KINDS)})
    url = rig.brokers["mqtt"].url
    rig.agent.config.write_text(BACKLOG_CONFIG.format(url=url) + chips(1, 2, "200ms"))
    live = LiveValues(rig.brokers["mqtt"].port)
    begun = time.monotonic()
    rig.start()
    listener = rig.listeners["mqtt"]
    eventually(lambda: len(listener.arrivals()) > 2000)
    recovered, first = time.monotonic() - begun, rss(rig)
    goal = rig.times(SLICE, least=5000)
    eventually(lambda: len(listener.arrivals()) > goal and live.least() >= LIVE)
    assert rig.accounts()["mqtt"].waiting > 0, "live values came behind the backlog"
    grown, slowest = rss(rig) - first, live.close()
    assert rig.agent.stop() == 0
    assert grown < FLAT, f"the agent grew by {grown} kB"
    memory = f"{goal} delivered; memory grew from {first} kB by {grown}"
    note = f"{memory}; live values of a device at most {slowest:.1f} s apart"
    return judge(rig, count, recovered, note)


def fill(path: Path, count: int, sinks: Mapping[str, frozenset[str]]) -> None:
    """Make a log in which `count` readings wait for every sink."""
    log = EventLog.open(path, boot=SystemClock().boot)
    with log.transaction():
        log.account.register([Subscription(*one) for one in sinks.items()], 0)
        log.execute(FILL, (count, BEGIN, DATA))
        log.mark.reserve(log.last_offset())
    log.close()


def rss(rig: Rig) -> int:
    """Return the agent's resident memory, in kB."""
    status = Path(f"/proc/{rig.agent.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


class LiveValues(Subscriber):
    """When each device's live values came."""

    def __init__(self, port: int) -> None:
        self.times: dict[str, list[float]] = {}
        super().__init__(port, "edge/torture/state/#")
        self._client.on_message = lambda _c, _d, m: self._note(m.topic)

    def _note(self, topic: str) -> None:
        self.times.setdefault(topic, []).append(time.monotonic())

    def least(self) -> int:
        """Return how many values the device with the fewest has shown."""
        return min(map(len, self.times.values()), default=0)

    def close(self) -> float:
        """Return the longest time between two of one device, in seconds."""
        super().close()
        return max(after - before for one in self.times.values() for before, after in pairwise(one))


def data_of(offset: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA % offset)
    return found


def judge(rig: Rig, count: int, recovered: float, note: str) -> Row:
    """Judge by counting: so many events would not fit into the rig's memory."""
    reader = LogReader(rig.agent.log)
    account, last = reader.accounts()["mqtt"], reader.last_offset()
    reader.close()
    listener = rig.listeners["mqtt"]
    with suppress(AssertionError):
        eventually(lambda: len({one.offset for one in listener.arrivals()}) >= account.cursor, 20)
    arrivals = listener.arrivals()
    arrived = {one.offset for one in arrivals}
    delivered = sum(offset <= account.cursor for offset in arrived)
    wrong = [
        one for one in arrivals if one.offset <= count and one.body["data"] != data_of(one.offset)
    ]
    return Row(
        f"a backlog of {count} events",
        1,
        last,
        last - delivered - account.waiting,
        len(wrong),
        len(arrivals) - len(arrived),
        recovered,
        account.recorded == last and account.delivered == delivered,
        note,
    )


def outgrow(rig: Rig) -> Row:
    """Begin an outage with ten times as much waiting as the log may keep."""
    count = max(round(OUTAGE * rig.scale), 20_000)
    rig.prepare(log='max_size = "1MB"')
    fill(rig.agent.log, count, rig.kinds)
    for name in BROKERS:
        rig.brokers[name].pause()
    rig.start()
    eventually(lambda: all(rig.accounts()[name].waiting < count / 4 for name in BROKERS))
    for name in BROKERS:
        rig.brokers[name].resume()
    ended = time.monotonic()
    rig.recovery(ended)
    dropped = sum(sum(rig.accounts()[name].dropped.values()) for name in BROKERS)
    note = f"{dropped} dropped and accounted for"
    return rig.finish("an outage of ten times max_size", 1, ended, note)


FAULTS = (
    Fault("load", "burst", burst),
    Fault("load", "backlog", backlog, short=True),
    Fault("load", "outage", outgrow),
)
