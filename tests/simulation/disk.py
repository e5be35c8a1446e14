"""A disk that forgets what was not synced, in a directory of the real one.

SQLite itself runs on real files. Beside them stands what a power cut would leave: the content that
was last synced, under the names that the directory had at the last sync. SQLite syncs the
write-ahead log at each commit, and all files at a checkpoint, unless `synchronous` is OFF.
"""

import errno
import os
import sqlite3
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace

WRITE_BACK_SECONDS = 5.0
SECTOR = 512  # bytes; written whole or not at all
SYNCED_WITH_DIRECTORY = ("-wal", "-journal")  # by SQLite, when they are new
SQLITE_FULL, SQLITE_IOERR = 13, 10
GROWING = ("INSERT", "COMMIT", "UPDATE", "CREATE")
UNWRITTEN = ("SELECT", "PRAGMA ")
SYNCED = ("PRAGMA WAL_CHECKPOINT", "PRAGMA JOURNAL_MODE")


class Disk:
    """The files below `root`; `full` and `failing` are faults, `on_commit` sees each commit."""

    def __init__(self, root, scheduler):
        self.root = root
        self.full = self.failing = self.was_full = False
        self.on_commit = lambda connection: None
        self._scheduler = scheduler
        self._random = scheduler.random
        self._directory = str(root)
        self._written_at = 0.0
        self._contents = {}  # by inode: what is synced
        self._versions = {}  # by inode: of what is synced
        self._names = {}  # inode by name: the directory, as it is synced
        self.closing = {}  # what else closes a file
        self._connections = {}  # open ones, in the order in which they were opened
        self._descriptors = set()

    def preempt(self):
        self._scheduler.preempt()

    def connect(self, database, **options):
        """Do as sqlite3.connect; the scheduler may interrupt every statement that writes."""
        if self.failing and self._random.random() < 0.3:
            raise failure("disk I/O error", SQLITE_IOERR)
        options["check_same_thread"] = False
        options["factory"] = simulated(options.get("factory", sqlite3.Connection))
        connection = sqlite3.connect(database, **options)
        connection.disk = self
        name = os.fspath(database).removeprefix("file:")
        connection.file, _, connection.mode = name.partition("?")
        self._connections[connection] = None
        return connection

    @property
    def sqlite(self):
        """What modules get in place of `sqlite3`."""
        return SimpleNamespace(**{**vars(sqlite3), "connect": self.connect})

    def sync(self, *paths):
        """Make the content of files durable, and the names of those that were not there before."""
        for path in paths:
            directory, name = os.path.split(path)
            if directory == self._directory:
                with suppress(FileNotFoundError):
                    self._sync(path, name)

    def _sync(self, path, name):
        found = os.stat(path)  # noqa: PTH116 - at every commit: fast
        inode, version = found.st_ino, (found.st_mtime_ns, found.st_size)
        if name.endswith(SYNCED_WITH_DIRECTORY):
            self._names[name] = inode
        self._names.setdefault(name, inode)
        if self._versions.get(inode) != version:  # a checkpoint is rare, a commit is not
            self._versions[inode] = version
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                self._contents[inode] = file.read()

    def kernel_writes(self):
        """Return whether the kernel writes what nobody has synced, as it does after some time."""
        due = self._scheduler.now - self._written_at > WRITE_BACK_SECONDS
        self._written_at = self._scheduler.now if due else self._written_at
        return due

    def sync_directory(self):
        """Make names durable."""
        self._names = {path.name: path.stat().st_ino for path in self._files()}

    def release(self):
        """Close what a killed process had open; what that does to the files is undone later."""
        for close in [*self.closing, *(one.close for one in self._connections)]:
            close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self.closing, self._connections, self._descriptors = {}, {}, set()

    def image(self):
        """Return what a killed process leaves: each file as it is, and as it is synced."""
        return {
            path.name: (path.read_bytes(), self._contents.get(path.stat().st_ino))
            for path in self._files()
        }

    def image_after_power_cut(self):
        """Return what the disk holds if the power fails now: some unsynced sectors got there."""
        current = {path.stat().st_ino: path.read_bytes() for path in self._files()}
        now = {path.name: path.stat().st_ino for path in self._files()}
        names = self._names if self._random.random() < 0.5 else now
        contents = {
            name: self._torn(self._contents.get(inode, b""), current.get(inode))
            for name, inode in sorted(names.items())
        }
        return {name: (content, content) for name, content in contents.items()}

    def restore(self, image):
        """Put an image in place of all files."""
        for path in self.root.iterdir():
            if path.is_file():
                path.unlink()
        self._contents, self._names, self._versions = {}, {}, {}
        for name, (content, synced) in image.items():
            path = self.root / name
            path.write_bytes(content)
            if synced is not None:
                inode = self._names[name] = path.stat().st_ino
                self._contents[inode] = synced

    def _files(self):
        found = (path for path in self.root.iterdir() if path.is_file())
        return sorted(path for path in found if not path.name.endswith("-shm"))

    def _torn(self, synced, current):
        """Return what a power cut leaves: any overwritten sectors, and the start of what is new."""
        if current is None or current == synced:
            return synced
        chance = self._random.choice((0.0, 0.5, 0.9, 1.0))  # for a sector to be written
        both = min(len(synced), len(current))
        parts = [
            (current if self._random.random() < chance else synced)[at : min(at + SECTOR, both)]
            for at in range(0, both, SECTOR)
        ]
        new = round(max(len(current) - both, 0) * self._random.choice((0.0, chance, 1.0)))
        old = synced[both:] if chance < 1.0 else b""
        return b"".join((*parts, current[both : both + new] or old))

    def disconnected(self, connection):
        self._connections.pop(connection, None)

    def opened(self, descriptor):
        self._descriptors.add(descriptor)

    def closed(self, descriptor):
        self._descriptors.discard(descriptor)

    def check(self):
        """Raise what a failing disk raises."""
        if self.failing and self._random.random() < 0.3:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def check_sql(self, words):
        self.was_full = self.was_full or self.full or self.failing
        if self.full and words.startswith(GROWING):
            raise failure("database or disk is full", SQLITE_FULL)
        if self.failing and self._random.random() < 0.3:
            raise failure("disk I/O error", SQLITE_IOERR)


def failure(what, code):
    error = sqlite3.OperationalError(what)
    error.sqlite_errorcode = code
    return error


class Connection(sqlite3.Connection):
    """SQLite's own, with a place for faults before each statement, and before each sync counts."""

    disk = None
    file = mode = ""
    synced = True

    def execute(self, sql, parameters=()):
        words = sql.lstrip()[:40].upper()
        self.disk.check_sql(words)
        writes = words.startswith(SYNCED) or not words.startswith(UNWRITTEN)
        if writes:
            self.disk.preempt()
        cursor = super().execute(sql, parameters)
        if words.startswith("PRAGMA SYNCHRONOUS"):
            self.synced = "OFF" not in words
        if writes and not self.in_transaction:
            self._written(words)
        return cursor

    def plain(self, sql, parameters=()):
        """Run a statement of the simulation's own."""
        return super().execute(sql, parameters).fetchall()

    def close(self):
        super().close()
        if self.disk is None:
            return
        self.disk.disconnected(self)
        if self.synced and not self.mode:
            self.disk.sync(self.file)

    def _written(self, words):
        self.disk.preempt()  # the power may fail here: written, but not synced
        if self.synced or self.disk.kernel_writes():
            self.disk.sync(self.file, self.file + "-wal")
        if words.startswith("COMMIT"):
            self.disk.on_commit(self)
            self.disk.preempt()


@cache
def simulated(kind):
    """Return the product's kind of connection, with the simulation's faults before it."""
    return type("SimulatedConnection", (Connection, kind), {})


class System:
    """The module `os`, with a disk below it."""

    def __init__(self, disk):
        self._disk = disk

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, *mode, **more):
        descriptor = os.open(path, flags, *mode, **more)
        self._disk.opened(descriptor)
        return descriptor

    def close(self, descriptor):
        self._disk.closed(descriptor)
        os.close(descriptor)

    def fdopen(self, descriptor, *arguments, **more):
        self._disk.closed(descriptor)
        return os.fdopen(descriptor, *arguments, **more)

    def pwrite(self, descriptor, data, at):
        self._disk.preempt()
        self._disk.check()
        return os.pwrite(descriptor, data, at)

    def fdatasync(self, descriptor):
        self.fsync(descriptor)

    def fsync(self, descriptor):
        self._disk.preempt()
        self._disk.check()
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.is_dir():
            self._disk.sync_directory()
        else:
            self._disk.sync(path)
        self._disk.preempt()
