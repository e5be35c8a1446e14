"""Conditions, and what they are worth: true, false or unknown (None)."""

import operator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
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


class Value(NamedTuple):
    """A channel's current value."""

    channel: str

    def worth(self, world, _limits):
        return world.current(self.channel)

    def __str__(self):
        return self.channel


class Number(NamedTuple):
    """A number."""

    number: float

    def worth(self, _world, _limits):
        return self.number

    def __str__(self):
        return f"{self.number:g}"


class Seconds(NamedTuple):
    """A length of time."""

    seconds: int

    def worth(self, _world, _limits):
        return self.seconds

    def __str__(self):
        return f"{self.seconds}s"


class Limit(NamedTuple):
    """A threshold of the rule, by its name."""

    name: str

    def worth(self, _world, limits):
        return limits[self.name]

    def __str__(self):
        return self.name


class Window(NamedTuple):
    """A function of a channel's latest seconds; `rises` is what `count` means for a contact."""

    name: str
    channel: str
    seconds: int
    unit: str = "second"

    def worth(self, world, _limits):
        return window(world, *self)

    def __str__(self):
        unit = f", {self.unit}" if self.name == "rate" else ""
        return f"{self.name.replace('rises', 'count')}({self.channel}, {self.seconds}s{unit})"


class Age(NamedTuple):
    """How long ago a channel's last right value came."""

    channel: str

    def worth(self, world, _limits):
        return world.age(self.channel)

    def __str__(self):
        return f"age({self.channel})"


class Stale(NamedTuple):
    """Whether a channel has no current value; unknown while the first one may still come."""

    channel: str

    def worth(self, world, _limits):
        if not world.values(self.channel) and world.now < world.stays_current(self.channel):
            return None
        return world.current(self.channel) is None

    def __str__(self):
        return f"stale({self.channel})"


class Between(NamedTuple):
    """A part of the day, in minutes from midnight; it may go over midnight."""

    begin: int
    end: int

    def worth(self, world, _limits):
        if not (local := world.local()):
            return None
        minute = local.hour * 60 + local.minute
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end

    def __str__(self):
        begin, end = (f"{n // 60}:{n % 60:02}" for n in self)
        return f"{begin} <= time < {end}"


class Weekdays(NamedTuple):
    """A part of the week; it may go over its end."""

    begin: int
    end: int

    def worth(self, world, _limits):
        if not (local := world.local()):
            return None
        day = local.weekday()
        if self.begin <= self.end:
            return self.begin <= day <= self.end
        return day >= self.begin or day <= self.end

    def __str__(self):
        return f"{DAYS[self.begin]} <= weekday <= {DAYS[self.end]}"


class Comparison(NamedTuple):
    """Two values compared; unknown if one of them is."""

    left: tuple
    sign: str
    right: tuple

    def worth(self, world, limits):
        left, right = self.left.worth(world, limits), self.right.worth(world, limits)
        return None if left is None or right is None else COMPARE[self.sign](left, right)

    def __str__(self):
        return f"{self.left} {self.sign} {self.right}"


class Both(NamedTuple):
    """`and`: false if one is false, whatever the other is."""

    left: tuple
    right: tuple

    def worth(self, world, limits):
        worths = [truth(one, world, limits) for one in self]
        return False if False in worths else None if None in worths else True

    def __str__(self):
        return f"({self.left}) and ({self.right})"


class Either(NamedTuple):
    """`or`: true if one is true, whatever the other is."""

    left: tuple
    right: tuple

    def worth(self, world, limits):
        worths = [truth(one, world, limits) for one in self]
        return True if True in worths else None if None in worths else False

    def __str__(self):
        return f"({self.left}) or ({self.right})"


class Not(NamedTuple):
    """`not`: unknown stays unknown."""

    condition: tuple

    def worth(self, world, limits):
        worth = truth(self.condition, world, limits)
        return None if worth is None else not worth

    def __str__(self):
        return f"not ({self.condition})"


def truth(condition, world, limits):
    """Return whether a condition holds, or None if that is unknown."""
    worth = condition.worth(world, limits)
    return None if worth is None else bool(worth)
