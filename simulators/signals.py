"""Signals: physical values over scenario time.

A signal is a pure function of the seconds since the scenario began: any thread can ask for the
value of any moment, and always gets the same one. `simulators.scenario` builds signals from TOML,
whose keys are the fields of these classes; `at`, `every`, `lasts` and `period` are seconds.
"""

import csv
import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Protocol

from simulators.text_file import text_of

DAY = 86400.0
HEADER = ["time", "value"]
OCTAVES = 4  # of a walk: its finest step is 1/16 of its period
LARGEST = 100_000_000  # bytes of a recording
MASK = (1 << 64) - 1


class Signal(Protocol):
    """A physical value over time."""

    def value(self, t: float) -> float:
        """Return the value `t` seconds after the scenario began."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same `level`."""

    level: float

    def value(self, t: float) -> float:  # noqa: ARG002 - the same at all times
        """Return the level."""
        return self.level


@dataclass(frozen=True, slots=True)
class Ramp:
    """A straight line from `start` to `end`: begins at `at`, takes `lasts` seconds."""

    start: float
    end: float
    lasts: float
    at: float = 0.0

    def __post_init__(self) -> None:
        _positive(lasts=self.lasts)

    def value(self, t: float) -> float:
        """Return the value: `start` before the line, `end` after it."""
        done = min(max((t - self.at) / self.lasts, 0.0), 1.0)
        return self.start + (self.end - self.start) * done


@dataclass(frozen=True, slots=True)
class Step:
    """`before` until `at`, `after` from then on."""

    before: float
    after: float
    at: float

    def value(self, t: float) -> float:
        """Return one of the two."""
        return self.before if t < self.at else self.after


@dataclass(frozen=True, slots=True)
class Sine:
    """A sine of `swing` around `mean`; it rises through the mean at `at`."""

    mean: float
    swing: float
    period: float
    at: float = 0.0

    def __post_init__(self) -> None:
        _positive(period=self.period)

    def value(self, t: float) -> float:
        """Return the value."""
        return self.mean + self.swing * math.sin(math.tau * (t - self.at) / self.period)


def daily(mean: float, swing: float, at: float = 6 * 3600.0) -> Sine:
    """Return a sine of one day, which rises through its mean at `at` and peaks 6 h later."""
    return Sine(mean, swing, DAY, at)


@dataclass(frozen=True, slots=True)
class Pulses:
    """`high` for `lasts` seconds, first at `at`, then once in `every`; `low` otherwise."""

    every: float
    lasts: float
    at: float = 0.0
    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        _positive(every=self.every, lasts=self.lasts)

    def value(self, t: float) -> float:
        """Return one of the two."""
        since = t - self.at
        return self.high if since >= 0 and since % self.every < self.lasts else self.low


@dataclass(frozen=True, slots=True)
class Walk:
    """A random walk within `swing` of `mean`; `period` sets its slowest movement.

    It is the sum of noise on ever finer grids, each with half the swing of the coarser one. That
    has the spectrum of a walk (1/f²), but each value depends on the seed and the time alone.
    """

    mean: float
    swing: float
    period: float = 600.0
    seed: int = 0

    def __post_init__(self) -> None:
        _positive(period=self.period)

    def value(self, t: float) -> float:
        """Return the value: a straight line between two points of the finest grid."""
        place = t / self.period * (1 << OCTAVES)
        left = math.floor(place)
        here, there = _grid_point(self.seed, left), _grid_point(self.seed, left + 1)
        return self.mean + self.swing * (here + (there - here) * (place - left))


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded values at increasing `times`; interpolated in between, or held with `hold`."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    hold: bool = False

    def value(self, t: float) -> float:
        """Return the value; the first one before the recording, the last one after it."""
        after = bisect_right(self.times, t)
        before = max(after - 1, 0)
        if self.hold or after in {0, len(self.times)}:
            return self.values[before]
        begin, end = self.times[before], self.times[after]
        left, right = self.values[before], self.values[after]
        return left + (right - left) * (t - begin) / (end - begin)


@dataclass(frozen=True, slots=True)
class Sum:
    """Several signals added up, such as a day and its clouds."""

    parts: tuple[Signal, ...]

    def value(self, t: float) -> float:
        """Return the sum."""
        return sum(part.value(t) for part in self.parts)


def replay(file: Path, hold: bool = False) -> Recording:
    """Read rows of `time,value`, after an optional header; raise ValueError with the line."""
    rows = StringIO(text_of(file, LARGEST), newline="")
    points = list(_points(file.name, rows))
    if not points:
        raise ValueError(f'{file.name}: no rows; wanted: "time,value" in each, time in seconds')
    times, values = zip(*points, strict=True)
    return Recording(times, values, hold)


def _points(name: str, rows: Iterable[str]) -> Iterator[tuple[float, float]]:
    last = -math.inf
    for number, row in enumerate(csv.reader(rows), 1):
        if not row or (number == 1 and [cell.strip().lower() for cell in row] == HEADER):
            continue
        where = f"{name}: line {number}"
        time, value = _numbers(row, where)
        if time <= last:
            raise ValueError(f"{where}: time {time:g} is not after {last:g}; sort the rows by time")
        last = time
        yield time, value


def _numbers(row: list[str], where: str) -> tuple[float, float]:
    try:
        time, value = map(float, row)
    except ValueError:
        time = value = math.nan
    if not (math.isfinite(time) and math.isfinite(value)):
        raise ValueError(f'{where}: {",".join(row)!r}; wanted: "time,value", two numbers')
    return time, value


@lru_cache(maxsize=128)  # neighbouring moments share their points; enough for about 60 signals
def _grid_point(seed: int, point: int) -> float:
    """Return a point of the walk's finest grid, from -1 to 1."""
    total = sum((1 << octave) * _octave(seed, octave, point) for octave in range(OCTAVES + 1))
    return total / ((2 << OCTAVES) - 1)


def _octave(seed: int, octave: int, point: int) -> float:
    """Return the noise whose own points are 2**octave grid steps apart."""
    left, beyond = divmod(point, 1 << octave)
    here = _noise(seed, octave, left)
    return here + (_noise(seed, octave, left + 1) - here) * beyond / (1 << octave)


@lru_cache(maxsize=1024)  # neighbouring grid points share most of their octaves' points
def _noise(seed: int, octave: int, point: int) -> float:
    """Return a number from -1 to 1 that looks random: splitmix64's mixing of the three."""
    mixed = (seed * 0x9E3779B97F4A7C15 + octave * 0xD1B54A32D192ED03 + point + 1) & MASK
    mixed = mixed * 0x9E3779B97F4A7C15 & MASK
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & MASK
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & MASK
    return (mixed ^ mixed >> 31) / 2**63 - 1


def _positive(**durations: float) -> None:
    for name, seconds in durations.items():
        if seconds <= 0:
            raise ValueError(f"{name} = {seconds:g}: wanted: more than 0 s")
