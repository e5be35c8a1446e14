"""Wall clock, uptime and boot id, and whether the wall clock can be trusted yet.

A Pi without a clock chip starts in the past; what was measured then carries boot id and uptime,
from which its true time follows once the clock is right.
"""

import ctypes
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

STA_UNSYNC = 0x40  # linux/timex.h
TIME_ERROR = 5
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd
NEVER = 2**63 - 1  # µs: later than any uptime
ROLLOVER = 1024 * 7 * 86_400 * 1_000_000  # µs after which a receiver may repeat its dates
DRIFT = 500e-6  # share by which no crystal of a Pi is wrong
LEAPS = 5_000_000  # µs
BUILT = Path(__file__).stat().st_mtime_ns // 1000  # no clock that is right shows an earlier time


class Moment(NamedTuple):
    """One instant: `time` in µs since 1970 UTC, `uptime` in µs since boot, suspend included."""

    time: int
    uptime: int
    trusted: bool


def rfc3339(time: int, timespec: str = "milliseconds") -> str:
    """Return a time in µs since 1970 in UTC; to the millisecond, as all output for programs."""
    moment = datetime.fromtimestamp(time / 1e6, UTC)
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


class Clock(Protocol):
    """The source of the agent's time."""

    boot: str

    def now(self) -> Moment:
        """Return this instant."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def machine_is_set(self) -> bool:
        """Return whether the machine's own wall clock can be trusted: programs sign with it."""
        ...

    def not_before(self, time: int) -> None:
        """Distrust what shows an earlier time, in µs, but NTP: the log has later events."""
        ...

    def follow(self, shift: int) -> bool:
        """Take the µs from uptime to wall clock as satellites say it; return whether it fits."""
        ...


class SystemClock:
    """The kernel's clocks; asks at most once a second whether the wall clock is set.

    While it is not set, satellites say what time it is, if there is a receiver.
    """

    def __init__(self, by_chip: Callable[[], bool] | None = None) -> None:
        """`by_chip` returns whether a clock chip has set it; without it, the kernel is asked."""
        self._by_chip = by_chip or _set_by_chip
        self._earliest = BUILT
        self.boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        self._trusted = False
        self._looked = float("-inf")
        self._satellites: SatelliteShift | None = None

    def now(self) -> Moment:
        """Return this instant; uptime is CLOCK_BOOTTIME."""
        uptime, satellites = _uptime(), self._satellites
        if self.machine_is_set() or satellites is None:
            return Moment(time.time_ns() // 1000, uptime, self._trusted)
        return Moment(uptime + satellites.shift, uptime, trusted=True)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def not_before(self, time: int) -> None:
        """Distrust a clock chip that shows an earlier time, in µs; look at it once more."""
        self._earliest = max(self._earliest, time)
        self._trusted, self._looked = False, float("-inf")

    def follow(self, shift: int) -> bool:
        """Take µs from uptime to wall clock; they count while nothing else has set the clock."""
        uptime = _uptime()
        if self._satellites is None:
            fits = self._earliest <= uptime + shift < BUILT + ROLLOVER
            followed = SatelliteShift(shift, uptime) if fits else None
        else:
            followed = self._satellites.followed(shift, uptime)
        self._satellites = followed or self._satellites
        return followed is not None

    def machine_is_set(self) -> bool:
        """Return whether NTP or a clock chip has set the wall clock."""
        if not self._trusted and time.monotonic() - self._looked >= 1:
            self._looked = time.monotonic()
            self._trusted = wall_clock_is_set(self._earliest, self._by_chip)
        return self._trusted


class SatelliteShift(NamedTuple):
    """The wall clock minus uptime as satellites say it, and the uptime of the last word; in µs."""

    shift: int
    uptime: int

    def followed(self, shift: int, uptime: int) -> "SatelliteShift | None":
        """Return it nearer to a new word; None if no clock drifts that far.

        As fast as a clock drifts, time never goes back. A receiver that has just started does not
        know the latest leap seconds yet.
        """
        drift = round((uptime - self.uptime) * DRIFT)
        error = shift - self.shift
        if abs(error) > LEAPS + drift:
            return None
        return SatelliteShift(self.shift + max(-drift, min(error, drift)), uptime)


class ManualClock:
    """A clock that stands still until it is moved: for tests, replays and simulated days."""

    def __init__(self, time: float = 1_700_000_000.0, *, boot: str = "manual") -> None:
        """`time` is the wall clock at uptime 0, in seconds since 1970."""
        self.boot = boot
        self.trusted = True
        self._wall = round(time * 1e6)
        self._uptime = 0.0

    def now(self) -> Moment:
        """Return this instant."""
        uptime = round(self._uptime * 1e6)
        return Moment(self._wall + uptime, uptime, self.trusted)

    def monotonic(self) -> float:
        """Return by how many seconds it was moved so far."""
        return self._uptime

    def machine_is_set(self) -> bool:
        """Return whether its owner trusts it."""
        return self.trusted

    def not_before(self, time: int) -> None:
        """Do nothing: its owner says whether it can be trusted."""

    def follow(self, shift: int) -> bool:  # noqa: ARG002 - others listen
        """Do nothing: its owner alone moves it."""
        return True

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._uptime += seconds

    def step(self, seconds: float) -> None:
        """Let the wall clock jump, as NTP does; uptime continues."""
        self._wall += round(seconds * 1e6)


def _uptime() -> int:
    """Return µs since boot, suspend included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def _kernel_says_synchronised() -> bool:
    """Ask adjtimex(2): the state is TIME_ERROR while no program disciplines the clock."""
    timex = ctypes.create_string_buffer(512)  # struct timex, modes = 0: only read
    return _libc().adjtimex(timex) not in (-1, TIME_ERROR)


@cache
def _libc() -> ctypes.CDLL:
    """Return the C library; each time that it is loaded, ctypes makes a class."""
    return ctypes.CDLL(None, use_errno=True)


def _set_by_chip(chips: Path = Path("/sys/class/rtc")) -> bool:
    return any(path.read_text().strip() == "1" for path in chips.glob("*/hctosys"))


def wall_clock_is_set(earliest: int = BUILT, by_chip: Callable[[], bool] = _set_by_chip) -> bool:
    """Return whether NTP (timesyncd, chrony, ntpd) or a clock chip has set the wall clock.

    A chip is believed only from `earliest` on, in µs: with an empty battery it starts in the past.
    """
    if SYNCHRONISED.exists() or _kernel_says_synchronised():
        return True
    return by_chip() and time.time_ns() // 1000 >= earliest
