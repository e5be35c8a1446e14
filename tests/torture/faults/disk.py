"""Disk faults: the log's disk fails, forgets, or gives back what was not written there."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from lab.waiting import eventually

from tests.torture.fault import Fault
from tests.torture.rig import Rig
from tests.torture.row import Row
from tests.torture.shim.control import Shim

SMALL = 'max_size = "1MB"'  # the write-ahead log is folded in often
PAGE = 1024  # bytes, of the log's database
STOPPED_ON_FULL_DISK = 1  # exit code: the log did not take everything


class Service:
    """The agent on a disk that fails, started again when it ends, as systemd does."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.shim = Shim(rig.directory, rig.directory / "shim")
        memory = rig.directory / "run"
        memory.mkdir()
        rig.environment |= self.shim.environment | {"XDG_RUNTIME_DIR": str(memory)}
        self.restarts = 0

    @property
    def log(self) -> Path:
        return self.rig.agent.log

    @property
    def refusals(self) -> int:
        """Return how often the agent has said that the disk does not take its log."""
        return self.rig.agent.output.read_text().count("the event log cannot be written")

    def keep_running(self) -> bool:
        """Start the agent again if it has ended by itself."""
        if not self.rig.agent.is_running():
            self.restarts += 1
            self.rig.start()
        return True

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait for a condition, and keep the agent running."""
        eventually(lambda: self.keep_running() and condition())

    def works_for(self, seconds: float) -> None:
        """Let the agent work, and keep it running."""
        until = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= until)

    def flows(self, events: int = 5) -> None:
        """Wait until every sink has got more events, and keep the agent running."""
        listeners = self.rig.listeners.values()
        wanted = [len(one.arrivals()) + events for one in listeners]
        self.wait(
            lambda: all(
                len(one.arrivals()) >= least for one, least in zip(listeners, wanted, strict=True)
            )
        )

    def start(self) -> None:
        """Start the agent, which was ended by us, and wait until events flow."""
        self.rig.start()
        self.flows()

    def finish(self, name: str, injected: int, ended: float) -> Row:
        """Judge; what systemd would have done is in the note."""
        self.flows()
        note = f"restarted by systemd: {self.restarts}" if self.restarts else ""
        return self.rig.finish(name, injected, ended, note)


def while_running(rig: Rig, name: str, fault: str, every: int = 1) -> Row:
    """Let calls fail for some seconds, while the first broker does not answer half of the times."""
    service = Service(rig)
    rig.begin()
    for n in range(rig.times(4)):
        if n % 2:
            rig.brokers["mqtt"].pause()
        before = service.shim.hits(fault)
        with service.shim.failing(fault, every):
            service.works_for(rig.chances.uniform(0.5, 4))
            service.wait(lambda before=before: service.shim.hits(fault) > before)
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.flows()
    return service.finish(name, service.shim.hits(fault), ended)


def full_at_the_stop(rig: Rig) -> Row:
    """Stop the agent while the disk is full; the exit code says that the log has not all."""
    service = Service(rig)
    rig.begin()
    times = rig.times(4)
    for _ in range(times):
        before = service.refusals
        service.shim.fail("full")
        eventually(lambda before=before: service.refusals > before)  # the write-ahead log has room
        rig.let_pass(rig.chances.uniform(0, 1))
        assert rig.agent.stop() == STOPPED_ON_FULL_DISK
        service.shim.fail("full", 0)
        ended = time.monotonic()
        service.start()
    return service.finish("disk full at a stop", times, ended)


def slow_sync(rig: Rig) -> Row:
    """Let each fsync take long, and longer."""
    service = Service(rig)
    rig.begin()
    before = service.shim.syncs
    for seconds in (0.2, 1.0, 3.0)[: rig.times(3)]:
        service.shim.slow_sync(seconds)
        service.works_for(3 * seconds)
    slow = service.shim.syncs - before
    service.shim.slow_sync(0)
    ended = time.monotonic()
    return service.finish("fsync takes 0.2 s to 3 s", slow, ended)


def power_cut(rig: Rig) -> Row:
    """Cut the power at random moments: the disk has any of the sectors that were not synced."""
    service = Service(rig)
    service.shim.forget()
    service.shim.slow_sync(0.03)  # most kills then meet something that is not synced yet
    rig.begin(log=SMALL)
    cuts, forgotten = rig.times(12, 2), 0
    for n in range(cuts):
        if n % 2:
            rig.brokers["mqtt"].pause()
        rig.let_pass(rig.chances.uniform(0, 1))
        rig.agent.kill()
        forgotten += service.shim.power_cut(rig.chances) > 0
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.start()
    assert forgotten, "no power cut has met anything that was not synced"
    return service.finish(f"power cut ({forgotten} cost unsynced writes)", cuts, ended)


def between_runs(
    rig: Rig,
    name: str,
    harm: Callable[[Service], None],
    *,
    times: int = 5,
    prepare: Callable[[Service], None] = lambda service: None,
    boots: bool = False,
    kill: bool = True,
) -> Row:
    """End the agent while events wait for the first broker, harm its files, and start it."""
    service = Service(rig)
    rig.begin(log=SMALL)
    times = rig.times(times)
    for _ in range(times):
        prepare(service)
        rig.brokers["mqtt"].pause()
        rig.let_pass(rig.chances.uniform(0.2, 1.5))
        rig.agent.kill() if kill else rig.agent.stop()
        harm(service)
        if boots:
            service.shim.boot()
        rig.brokers["mqtt"].resume()
        ended = time.monotonic()
        service.start()
    return service.finish(name, times, ended)


def tear_page(service: Service) -> None:
    """Overwrite half of some pages with zeros."""
    fold(service.log)
    size = service.log.stat().st_size
    with service.log.open("r+b") as file:
        for _ in range(service.rig.chances.randrange(1, 4)):
            page = service.rig.chances.randrange(1, size // PAGE)
            file.seek(page * PAGE + service.rig.chances.choice((0, PAGE // 2)))
            file.write(b"\0" * (PAGE // 2))


def fold(path: Path) -> None:
    """Fold the write-ahead log into the database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def cut_wal(service: Service) -> None:
    """Cut the write-ahead log somewhere in front of the zeros that it ends with."""
    wal = Path(f"{service.log}-wal")
    used = len(wal.read_bytes().rstrip(b"\0"))
    os.truncate(wal, service.rig.chances.randrange(used + 1))


def copy_of(service: Service, suffix: str = "") -> Path:
    return service.rig.directory / "run" / f"copy{suffix}"


def copy_wal(service: Service) -> None:
    """Copy the write-ahead log, and wait until it has been folded in and begun again."""
    wal = Path(f"{service.log}-wal")
    shutil.copy(wal, copy_of(service))
    begin = copy_of(service).read_bytes()[:32]
    service.wait(lambda: wal.read_bytes()[:32] != begin)


def put_wal_back(service: Service) -> None:
    """Put the older write-ahead log back, beside the newer database."""
    shutil.copy(copy_of(service), f"{service.log}-wal")
    Path(f"{service.log}-shm").unlink(missing_ok=True)


def copy_log(service: Service) -> None:
    """Copy the database as a backup does."""
    with (
        closing(sqlite3.connect(service.log)) as log,
        closing(sqlite3.connect(copy_of(service))) as copy,
    ):
        log.backup(copy)


def put_copy_back(service: Service) -> None:
    """Replace the database by its copy."""
    for suffix in ("-wal", "-shm"):
        Path(f"{service.log}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy_of(service), new(service))
    new(service).rename(service.log)


def new(service: Service) -> Path:
    return service.log.with_suffix(".new")


def write_foreign_file(service: Service) -> None:
    """Put a file that is no database in the log's place."""
    new(service).write_bytes(service.rig.chances.randbytes(20_000))
    replace(service)


def write_foreign_database(service: Service) -> None:
    """Put another program's database in the log's place."""
    new(service).unlink(missing_ok=True)
    with closing(sqlite3.connect(new(service))) as connection, connection:
        connection.execute("CREATE TABLE event (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO event (name) VALUES ('concert')")
    replace(service)


def replace(service: Service) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{service.log}{suffix}").unlink(missing_ok=True)
    new(service).rename(service.log)


def delete(service: Service) -> None:
    """Delete the database with its companions."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{service.log}{suffix}").unlink(missing_ok=True)


def under_the_agent(
    rig: Rig,
    name: str,
    harm: Callable[[Service], None],
    *,
    prepare: Callable[[Service], None] = lambda service: None,
) -> Row:
    """Harm the log's files while the agent runs and events wait for the first broker."""
    service = Service(rig)
    rig.begin()
    times = rig.times(4)
    for _ in range(times):
        prepare(service)
        rig.brokers["mqtt"].pause()
        service.works_for(rig.chances.uniform(0.2, 1.5))
        harm(service)
        ended = time.monotonic()
        service.works_for(rig.chances.uniform(0, 1))
        rig.brokers["mqtt"].resume()
        service.flows()
    return service.finish(name, times, ended)


def _running(key: str, name: str, fault: str, every: int = 1, *, short: bool = False) -> Fault:
    run = partial(while_running, name=name, fault=fault, every=every)
    return Fault("disk", key, run, short=short)


def _stopped(
    key: str, name: str, harm: Callable[[Service], None], *, short: bool = False, **more: object
) -> Fault:
    return Fault("disk", key, partial(between_runs, name=name, harm=harm, **more), short=short)


def _replaced(key: str, name: str, harm: Callable[[Service], None], **more: object) -> Fault:
    return Fault("disk", key, partial(under_the_agent, name=name, harm=harm, **more))


FAULTS = (
    _running("full", "disk full", "full"),
    Fault("disk", "full-at-stop", full_at_the_stop),
    _running("read-only", "disk read-only", "read_only"),
    _running("write-error", "EIO on each write", "write"),
    _running("write-errors", "EIO on every 5th write", "write", 5),
    _running("sync-error", "EIO on each fsync", "sync"),
    _running("sync-errors", "EIO on every 3rd fsync", "sync", 3),
    _running("read-error", "EIO on each read", "read"),
    _running("read-errors", "EIO on every 7th read", "read", 7, short=True),
    Fault("disk", "slow-sync", slow_sync),
    Fault("disk", "power-cut", power_cut),
    _stopped("torn-page", "a page half written", tear_page, boots=True),
    _stopped("cut-wal", "write-ahead log truncated", cut_wal, boots=True, short=True),
    _stopped(
        "old-wal", "an older write-ahead log is back", put_wal_back, prepare=copy_wal, boots=True
    ),
    _stopped(
        "copy-after-stop",
        "a copy put back, after a stop",
        put_copy_back,
        prepare=copy_log,
        kill=False,
    ),
    _stopped("copy-after-kill", "a copy put back, after a kill", put_copy_back, prepare=copy_log),
    _stopped("foreign-file-at-start", "a foreign file, at the start", write_foreign_file, times=3),
    _stopped(
        "foreign-database-at-start",
        "a foreign database, at the start",
        write_foreign_database,
        times=3,
    ),
    _replaced(
        "copy-while-running", "a copy put back, while it runs", put_copy_back, prepare=copy_log
    ),
    _replaced("deleted", "the database deleted, while it runs", delete),
    _replaced("foreign-file", "a foreign file, while it runs", write_foreign_file),
    _replaced("foreign-database", "a foreign database, while it runs", write_foreign_database),
)
