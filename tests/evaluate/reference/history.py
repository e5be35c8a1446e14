"""Everything that was ever heard, the clocks, and windows over the past."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

START = datetime(2026, 1, 2, 21, 59, 30, tzinfo=UTC)  # a Friday
UNITS = {"second": 1, "minute": 60, "hour": 3600}


class Heard(NamedTuple):
    """What a device said of a channel at a second: a value, or None if it was not a right one."""

    second: int
    channel: str
    value: float | None


class World:
    """Everything that was ever heard, and the clocks."""

    def __init__(self, every):
        self.every = every  # seconds, by device
        self.heard = []
        self.now = 0
        self.wall = START  # at second 0
        self.trusted = True

    def stays_current(self, channel):
        """Return for how many seconds: three intervals and ten seconds."""
        return 3 * self.every[channel.split(".")[0]] + 10

    def values(self, channel):
        """Return all right values, as (second, value)."""
        heard = (one for one in self.heard if one.channel == channel and one.value is not None)
        return [(one.second, one.value) for one in heard]

    def current(self, channel):
        """Return the current value; None if it is missing, refused or too old."""
        heard = [one for one in self.heard if one.channel == channel]
        if not heard or self.now - heard[-1].second >= self.stays_current(channel):
            return None
        return heard[-1].value

    def age(self, channel):
        """Return the seconds since the last right value, or since the start if there was none."""
        values = self.values(channel)
        return self.now - (values[-1][0] if values else 0)

    def local(self):
        """Return the local time; None until the clock is set."""
        now = self.wall + timedelta(seconds=self.now)
        return now.astimezone() if self.trusted else None


def window(world, name, channel, seconds, unit="second"):
    """Return a window's worth: None unless it is full, without a hole, and its end is current."""
    values, longest = world.values(channel), world.stays_current(channel)
    if world.current(channel) is None:
        return None
    begin = values[-1][0] - seconds
    before = [one for one in values if one[0] <= begin]
    inside = [one for one in values if one[0] > begin]
    if not before or any(b[0] - a[0] > longest for a, b in pairwise([before[-1], *inside])):
        return None
    return WINDOWS[name](before[-1], inside, UNITS[unit])


def rises(before, inside, _unit):
    """Return how often a contact went on."""
    values = [before[1], *(value for _, value in inside)]
    return sum(not old and bool(new) for old, new in pairwise(values))


def delta(before, inside, _unit):
    """Return the last value minus the value with which the window began."""
    return inside[-1][1] - before[1]


def rate(before, inside, unit):
    """Return the same change, per so many seconds."""
    return delta(before, inside, unit) / (inside[-1][0] - before[0]) * unit


def of_values(function):
    """Return a function of the values in the window."""
    return lambda _before, inside, _unit: function([value for _, value in inside])


WINDOWS = {
    "mean": of_values(fmean),
    "min": of_values(min),
    "max": of_values(max),
    "count": of_values(len),
    "rises": rises,
    "delta": delta,
    "rate": rate,
}
