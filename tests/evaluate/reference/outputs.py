"""Outputs, and who is heard."""

from dataclasses import dataclass
from typing import NamedTuple

NOTHING, INFO, WARNING, COMMAND, CRITICAL, LOST = range(6)  # the rank of what is asked
RANKS = {"info": INFO, "warning": WARNING, "critical": CRITICAL}


@dataclass(frozen=True)
class Output:
    """An output as it is configured; times are in seconds, values 0 or 1."""

    name: str
    safe: int = 0
    min_on: int = 0
    min_off: int = 0
    max_on: int = 0
    interlock: tuple = ()
    at_start: int | None = None  # None if a start keeps what was commanded


class Request(NamedTuple):
    """What is asked of an output, and by whom."""

    value: int
    by: str
    rank: int
    asked: bool = True  # it may be asked to be on, although it is not


class Order(NamedTuple):
    """The command `set`, until a second."""

    value: int
    until: int


class OutputState:
    """How an output stands."""

    def __init__(self, output, now):
        self.output = output
        self.value, self.by, self.since = output.safe, "safe", now
        self.begun = None  # when the request began that switched it on, for max_on
        self.spent = False  # max_on is over, and the request still lasts
        self.order = None
        self.start()

    def start(self):
        """Begin, after a stop or a kill: a command ends if a start chooses the value."""
        self.first = self.output.at_start
        if self.first is not None:
            self.order = None

    def request(self, states, now):
        """Return the strongest request: lost control, or rules and command, or the safe state."""
        name, safe = self.output.name, self.output.safe
        if self.order and now >= self.order.until:
            self.order = None
        mine = [one for one in states if one.fires and name in one.rule.settings]
        if mine or self.order:
            self.first = None
        if any(one.lost for one in mine):
            return Request(safe, "safe", LOST)
        asked = [
            Request(one.rule.settings[name], one.rule.name, RANKS[one.rule.severity])
            for one in mine
        ]
        if self.order:
            asked.append(Request(self.order.value, "command", COMMAND))
        return max([*asked, self._unasked()], key=lambda one: one.rank)

    def _unasked(self):
        """Return what no rule and no command asks for."""
        if self.first in {None, self.output.safe}:
            return Request(self.output.safe, "safe", NOTHING)
        return Request(self.first, "at_start", NOTHING)

    def limit(self, request, now):
        """Return the request that max_on, min_on and min_off leave, and whether it must stay on."""
        if request.rank == LOST:
            return request, False
        if not request.value:
            request = request._replace(asked=False)
            self.spent = False
            self.begun = self.begun if self.value else None
        limit = self.output.max_on
        over = limit and self.begun is not None and now >= self.begun + limit
        if self.spent or over:
            self.spent = bool(request.value)
            return (request._replace(value=0, by="max_on") if self.spent else request), False
        if self.value and now < self.since + self.output.min_on:
            return (request if request.value else self._as_it_is(request)), True
        if not self.value and request.value and now < self.since + self.output.min_off:
            return self._as_it_is(request), False
        return request, False

    def _as_it_is(self, request):
        return request._replace(value=self.value, by=self.by)

    def switch(self, request, now):
        """Stand as it is asked now."""
        if bool(self.value) != bool(request.value):
            self.since = now
        self.value, self.by = request.value, request.by
        if self.value:
            self.begun = now if self.begun is None else self.begun
        elif request.by == "interlock" or not (request.asked or self.spent):
            self.begun = None

    def start_anew(self):
        """Let max_on begin again, if the output is off: a person asks for it."""
        if not self.value:
            self.begun, self.spent = None, False

    def secure(self, now):
        """Be safe: the agent stops."""
        self.switch(Request(self.output.safe, "safe", LOST), now)


def arbitrate(outputs, states, now):
    """Switch all outputs as they are asked, but never two together that exclude each other."""
    asked = {one.output.name: one.limit(one.request(states, now), now) for one in outputs}

    def first(one):
        request, must_stay = asked[one.output.name]
        return must_stay, request.rank, bool(one.value)

    on = []
    for one in sorted(outputs, key=first, reverse=True):
        request, _ = asked[one.output.name]
        if request.value and any(exclude(one.output, other.output) for other in on):
            request = request._replace(value=0, by="interlock")
        if request.value:
            on.append(one)
        one.switch(request, now)


def exclude(one, other):
    """Return whether two outputs must not be on together: it is enough that one says so."""
    return other.name in one.interlock or one.name in other.interlock
