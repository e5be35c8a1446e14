"""What the event log costs an SD card: bytes and flushes, with those of the file system's journal.

python -m benchmarks.card: needs root, mkfs.ext4, mosquitto and a free loop device; writes the page.
"""

import math
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.broker import mosquitto
from benchmarks.events import events
from benchmarks.idle_process import agent
from benchmarks.scratch import scratch
from edge_agent.events import CursorMove, Subscription
from edge_agent.store.connection import CHECKPOINT_PAGES
from edge_agent.store.cursor_moves import ALONG, MANY
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

PAGE = Path(__file__).parent.parent / "docs/sd-card.md"
INTERVALS = {"0": 0.0, "1s": 1.0, "10s": 10.0, "1m": 60.0}
RATES = (1, 10, 100)  # events a second
COMMITS, MOST = 600, 20_000  # ten minutes at 1 s; events in one run
OLD_PAGES = 4000  # at which the write-ahead log was folded in before
CARD = 32e9  # bytes
CYCLES = 1000  # times that a card takes its size
YEAR = 365 * 86400
WAL = 4_096_000  # bytes: as with the default `max_size`
MINUTES = 3  # the first one makes the log, and its write-ahead log as long as it gets
IMAGE = 256  # MiB
BLOCK = "4096"  # bytes: a card's; mkfs.ext4 takes smaller ones for so small an image
SECTOR = 512  # bytes
WRITTEN, FLUSHES = 6, 15  # fields of /sys/block/<device>/stat


HEAD = """# What the log costs an SD card

`commit_interval` decides how often the card is written to, and how much a kill or a power cut
loses: at most what was measured since the last commit. The figures are measured on ext4 with blocks
of 4 kB and its journal, from the first minute on; `python -m benchmarks.card` writes this page.

The years are those of a card of 32 GB that can be written 1,000 times, if nothing else writes to
it. The card's own controller writes more than it is asked for: a cheap card lasts for a fraction of
this time.

| `commit_interval` | events a second | kB an event | flushes an event | years |
| --- | --- | --- | --- | --- |"""

WHOLE = """
The whole agent, with ten sensors at 1 Hz and the default interval. The first minute makes the log.
"""

PARTS = """
Of a later minute's 930 kB, as the kernel's trace of the device has them:

| kB a minute | what |
| --- | --- |
| 580 | sixty commits: five pages of 1 kB each in the write-ahead log, in blocks of 4 kB |
| 150 | the commits of ext4's journal, every 5 s, because the write-ahead log has a new time |
| 100 | pages that are folded into the database |
| 55 | SQLite's index of the write-ahead log, which the kernel writes every 30 s |
| 30 | the lock's file, and ext4's maps of what is free |

A commit has two pages of events, the one above them, the database's first one, and that of the last
offset; every fourth one has that of the account as well. Sixty flushes a minute are those of the
commits, 22 to 24 those of ext4's journal, and two or three those of folding in. With pages of 512
bytes, commits of ten events took a sixth less, but those of 100 a twelfth more, and those of 1,000
a sixth more; longer events leave more of such pages empty. The log keeps those of 1 kB.
"""


class Cost(NamedTuple):
    """What a block device was asked for."""

    bytes: float
    flushes: float


class Load(NamedTuple):
    """How the log is written: events in a commit, seconds between two, where it is folded in."""

    events: int
    seconds: float
    pages: int = CHECKPOINT_PAGES

    def moves(self, commit: int) -> bool:
        """Return whether a commit has a cursor's move, as the recorder's have."""
        return self.events >= MANY or commit % math.ceil(ALONG / self.seconds) == 0

    @property
    def commits(self) -> int:
        """Return how many commits one run makes."""
        return max(min(COMMITS, MOST // self.events), 20)


def main() -> None:
    """Measure every interval and rate, and the old place of the checkpoint beside the new one."""
    old, new = measure(Load(10, 1.0, OLD_PAGES)), measure(Load(10, 1.0))
    print(f"10 events a commit: {new.bytes / old.bytes:.2f} times the bytes,", end=" ")
    print(f"{new.flushes / old.flushes:.2f} times the flushes of a checkpoint at {OLD_PAGES} pages")
    rows = [row(name, seconds, rate) for name, seconds in INTERVALS.items() for rate in RATES]
    PAGE.write_text("\n".join([HEAD, *rows, *whole_agent()]) + "\n")


def whole_agent() -> Iterator[str]:
    """Yield what ten sensors at 1 Hz cost with the whole agent, minute by minute."""
    yield WHOLE
    yield "| minute | kB an event | flushes an event |"
    yield "| --- | --- | --- |"
    with scratch() as directory, mosquitto() as port, card(directory) as (place, device):
        before, seen = cost_of(device), 0
        with agent(port, place, "1s"):
            for minute in range(1, MINUTES + 1):
                time.sleep(60)
                after, last = cost_of(device), last_offset(place / "idle.db")
                size = (after.bytes - before.bytes) / (last - seen) / 1000
                flushes = (after.flushes - before.flushes) / (last - seen)
                yield f"| {minute} | {size:.2f} | {flushes:.3f} |"
                before, seen = after, last
    yield PARTS.rstrip()


def last_offset(path: Path) -> int:
    """Return how many events a log has."""
    with closing(LogReader(path)) as reader:
        return reader.last_offset()


def row(name: str, seconds: float, rate: int) -> str:
    """Return a row of the table."""
    count = max(round(seconds * rate), 1)
    found = measure(Load(count, count / rate))
    years = CARD * CYCLES / (found.bytes * rate * YEAR)
    cells = (
        f"`{name}`",
        rate,
        f"{found.bytes / 1000:.2f}",
        f"{found.flushes:.3f}",
        f"{years:,.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def measure(load: Load) -> Cost:
    """Record for a while; return the cost of an event."""
    with scratch() as directory, card(directory) as (place, device):
        return run(place / "events.db", device, load)


def run(path: Path, device: str, load: Load) -> Cost:
    """Record on a device; return the cost of an event."""
    log = EventLog.open(path, boot="bench")
    log.limit_wal(WAL)
    log.execute(f"PRAGMA wal_autocheckpoint = {load.pages}")
    with log.transaction():
        log.account.register([Subscription("mqtt")], 0)
    subprocess.run(["/bin/sync"], check=True)
    before = cost_of(device)
    for commit in range(load.commits):
        with log.transaction():
            last = log.append(events(load.events))
            if load.moves(commit):
                log.account.move(CursorMove("mqtt", last - load.events, {}))
    after, count = cost_of(device), load.commits * load.events
    log.close()
    return Cost((after.bytes - before.bytes) / count, (after.flushes - before.flushes) / count)


def cost_of(device: str) -> Cost:
    """Return what a device was asked for so far."""
    fields = Path(f"/sys/block/{device}/stat").read_text().split()
    return Cost(int(fields[WRITTEN]) * SECTOR, int(fields[FLUSHES]))


@contextmanager
def card(directory: Path) -> Iterator[tuple[Path, str]]:
    """Mount a fresh ext4 on a loop device; yield where, and the device's name."""
    image, place = directory / "card.img", directory / "card"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(IMAGE << 20)
    subprocess.run(["mkfs.ext4", "-q", "-b", BLOCK, str(image)], check=True)
    attach = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(attach, check=True, capture_output=True, text=True).stdout.strip()
    try:
        subprocess.run(["mount", device, str(place)], check=True)
        try:
            yield place, Path(device).name
        finally:
            subprocess.run(["umount", str(place)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


if __name__ == "__main__":
    main()
