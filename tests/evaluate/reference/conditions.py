"""Conditions, and what they are worth: true, false or unknown (None)."""

import operator
from typing import NamedTuple

from tests.evaluate.reference.history import window

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
