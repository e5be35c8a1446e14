"""Builds the shim, and switches its faults on and off while the program runs."""

import ctypes
import mmap
import os
import shutil
import subprocess
import sysconfig
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from tests.torture.shim.power import after_power_cut

SOURCE = Path(__file__).with_name("shim.c")
FAULTS = ("full", "read_only", "read", "write", "sync")


class Control(ctypes.Structure):
    """`struct control` of shim.c."""

    _fields_ = [
        ("every", ctypes.c_uint32 * len(FAULTS)),
        ("sync_ms", ctypes.c_uint32),
        ("forget", ctypes.c_uint32),
        ("untrusted", ctypes.c_uint32),
        ("wall_ns", ctypes.c_int64),
        ("drift_ppm", ctypes.c_int64),
        ("drift_from", ctypes.c_int64),
        ("calls", ctypes.c_uint64 * len(FAULTS)),
        ("hits", ctypes.c_uint64 * len(FAULTS)),
        ("syncs", ctypes.c_uint64),
    ]


class Shim:
    """The files in `directory`, and the wall clock, of each process with `environment`."""

    def __init__(self, directory, place):
        """`place` is a directory for the shim's own files, on the same file system."""
        place.mkdir(parents=True, exist_ok=True)
        self._directory, self._place = directory.resolve(), place.resolve()
        self._boot_id = self._place / "boot_id"
        self._library = built(self._place)
        self.boot()
        with (self._place / "control").open("w+b") as file:
            file.truncate(ctypes.sizeof(Control))
            self._control = Control.from_buffer(mmap.mmap(file.fileno(), 0))

    @property
    def environment(self):
        """What a process needs besides its own environment."""
        return {
            "LD_PRELOAD": str(self._library),
            "EDGE_SHIM_DIRECTORY": str(self._directory),
            "EDGE_SHIM_CONTROL": str(self._place / "control"),
            "EDGE_SHIM_JOURNAL": str(self._journal),
            "EDGE_SHIM_BOOT_ID": str(self._boot_id),
        }

    def boot(self):
        """Let the next process find a new boot id, as after a reboot."""
        self._boot_id.write_text(f"{uuid.uuid4()}\n")

    def fail(self, fault, every=1):
        """Let each n-th call fail from now on; 0 ends the fault."""
        self._control.every[FAULTS.index(fault)] = every

    @contextmanager
    def failing(self, fault, every=1):
        """Let calls fail inside."""
        self.fail(fault, every)
        try:
            yield
        finally:
            self.fail(fault, 0)

    def hits(self, fault):
        """Return how many calls have failed."""
        return self._control.hits[FAULTS.index(fault)]

    @property
    def syncs(self):
        """Return how many times something was written through to the disk."""
        return self._control.syncs

    def slow_sync(self, seconds):
        """Let an fsync take so much longer."""
        self._control.sync_ms = round(seconds * 1000)

    def forget(self):
        """Keep what a power cut undoes, from now on."""
        self._control.forget = 1

    def power_cut(self, chances):
        """Undo what was not synced, after a SIGKILL; return how many bytes are changed by it."""
        self.boot()
        return after_power_cut(self._journal, self._directory, chances)

    def trust(self, trusted):
        """Say whether something has set the wall clock."""
        self._control.untrusted = not trusted

    def jump(self, seconds):
        """Let the wall clock jump."""
        self._control.wall_ns += round(seconds * 1e9)

    def drift(self, ppm):
        """Let the wall clock run faster, by so many millionths, from now on."""
        now = time.monotonic_ns()
        self._control.wall_ns += (now - self._control.drift_from) * self._control.drift_ppm // 10**6
        self._control.drift_from, self._control.drift_ppm = now, ppm

    def wall(self):
        """Return the process's wall clock, in seconds since 1970."""
        since = time.monotonic_ns() - self._control.drift_from
        shift = self._control.wall_ns + since * self._control.drift_ppm // 10**6
        return time.time() + shift / 1e9

    @property
    def _journal(self):
        return self._place / "journal"


def built(place):
    """Compile the shim once for a directory; return the library."""
    library = place / f"shim{sysconfig.get_config_var('SHLIB_SUFFIX')}"
    compiler = shutil.which("cc")
    assert compiler, "cc is missing: apt install gcc libc6-dev (make test does it)"
    if not library.exists():
        new = library.with_suffix(f".{os.getpid()}")
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", new, SOURCE, "-ldl", "-lpthread"]
        subprocess.run(command, check=True)
        new.rename(library)
    return library
