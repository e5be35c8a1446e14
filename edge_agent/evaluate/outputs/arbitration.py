"""Arbitration: what an output is set to if several ask for it, within its guard. No I/O, no clock.

Priority, highest first: an interlock is never broken; if control is lost, the output is safe at
once, whatever else is asked; `max_on` switches it off; `min_on` and `min_off` delay a change; then
the highest rank wins.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import NamedTuple

import msgspec

SAFE = "safe"  # sets an output that no rule or command asks for
AT_START = "at_start"  # sets it before any of them has asked
HOLDERS = {
    "interlock": "an output that excludes it is on",
    "max_on": "max_on has switched it off",
}


class Rank(IntEnum):
    """Priorities of requests, lowest first; `NONE` if there is none, `LOST` if control is lost."""

    NONE = 0
    RULE_INFO = 1
    RULE_WARNING = 2
    COMMAND = 3
    RULE_CRITICAL = 4
    LOST = 5


class Guard(msgspec.Struct, frozen=True):
    """The limits of an output: times in seconds, 0 for none; a value above 0 is on.

    `interlock` names outputs that must never be on together with this one; either may say so.
    Only a `continuous` output takes values between 0 and 1. `at_start` is its value from a start
    until it is asked for another; None if what was commanded before continues.
    """

    safe: float = 0.0
    min_on: float = 0.0
    min_off: float = 0.0
    max_on: float = 0.0
    interlock: frozenset[str] = frozenset()
    continuous: bool = False
    at_start: float | None = None

    def takes(self, value: float) -> bool:
        """Return whether the output can be set to a value from 0 to 1."""
        return self.continuous or value in {0.0, 1.0}


class OutputRequest(NamedTuple):
    """A value that a rule or a command asks for."""

    value: float
    by: str
    rank: Rank


class Held(NamedTuple):
    """An output's value, who set it, and the uptime in µs since which it is on or off.

    `begun` is since when `max_on` counts: when it first went on as it is still asked to.
    Lost control does not end that.
    """

    value: float
    by: str
    since: int
    begun: int | None = None


class Arbitration(NamedTuple):
    """The outputs in an order that is safe to switch: those that go off come first.

    `due` is the uptime in µs at which time alone may change something; None if never.
    """

    settings: dict[str, Held]
    due: int | None


class _Target(NamedTuple):
    value: float
    by: str
    rank: Rank
    begun: int | None = None
    firm: bool = False  # it must stay on


def strongest(requests: Iterable[OutputRequest]) -> OutputRequest:
    """Return the request of the highest rank; of several the first."""
    return max(requests, key=lambda request: request.rank)


def arbitrate(
    guards: Mapping[str, Guard],
    requests: Mapping[str, OutputRequest],
    held: Mapping[str, Held],
    now: int,
) -> Arbitration:
    """Return what every output is set to at an uptime in µs.

    One that is not in `held` was switched to its safe state at this moment: after a power cut, a
    compressor must rest.
    """
    before = _before(guards, held, now)
    targets = {
        name: _target(
            guard,
            requests.get(name, OutputRequest(guard.safe, SAFE, Rank.NONE)),
            before[name],
            now,
        )
        for name, guard in guards.items()
    }
    targets = _interlocked(guards, targets, before)
    after = {name: _held(target, before[name], now) for name, target in targets.items()}
    due = [at for name in guards for at in _dues(guards[name], after[name]) if at > now]
    return Arbitration(
        dict(sorted(after.items(), key=lambda pair: pair[1].value > 0)), min(due, default=None)
    )


def holder(guard: Guard, held: Held, now: int) -> str:
    """Return in words what holds an output at its value at an uptime in µs."""
    if held.by in HOLDERS:
        return HOLDERS[held.by]
    name, rest = ("min_on", guard.min_on) if held.value > 0 else ("min_off", guard.min_off)
    left = (held.since - now) / 1e6 + rest
    if left > 0:
        return f"{name} holds it at {held.value:g} for another {left:.0f} s"
    if held.by == SAFE:
        return "control is lost: the condition of a rule that sets it is unknown"
    return f"{held.by} holds it at {held.value:g}"


def _before(guards: Mapping[str, Guard], held: Mapping[str, Held], now: int) -> dict[str, Held]:
    """Return each output's value; if two exclude each other when safe, the first is on."""
    before: dict[str, Held] = {}
    for name, guard in guards.items():
        others = (other for other, one in before.items() if one.value > 0)
        off = any(excluded(guards, name, other) for other in others)
        before[name] = held.get(name, Held(0.0 if off else guard.safe, SAFE, now))
    return before


def _target(guard: Guard, request: OutputRequest, before: Held, now: int) -> _Target:
    """Return what one output would be set to without interlocks."""
    on, asked = before.value > 0, request.value > 0
    begun = before.begun if asked or request.rank is Rank.LOST else None
    worn = guard.max_on and before.begun is not None and now >= before.begun + _micros(guard.max_on)
    if asked and worn:
        return _Target(0.0, "max_on", request.rank, begun)
    if request.rank is Rank.LOST or (on and worn):
        return _Target(request.value, request.by, request.rank, begun)
    rests = now < before.since + _micros(guard.min_on if on else guard.min_off)
    if rests and asked != on:
        return _Target(before.value, before.by, request.rank, before.begun, firm=on)
    return _Target(request.value, request.by, request.rank, begun, firm=on and rests)


def _interlocked(
    guards: Mapping[str, Guard], targets: Mapping[str, _Target], before: Mapping[str, Held]
) -> dict[str, _Target]:
    """Of those that exclude each other, let only the one with the highest priority be on."""
    order = sorted(
        (name for name in guards if targets[name].value > 0),
        key=lambda name: (targets[name].firm, targets[name].rank, before[name].value > 0),
        reverse=True,
    )
    result, on = dict(targets), set[str]()
    for name in order:
        if any(excluded(guards, name, other) for other in on):
            result[name] = targets[name]._replace(value=0.0, by="interlock", begun=None)
        else:
            on.add(name)
    return result


def excluded(guards: Mapping[str, Guard], one: str, other: str) -> bool:
    """Return whether two outputs must never be on together."""
    return one != other and (one in guards[other].interlock or other in guards[one].interlock)


def _held(target: _Target, before: Held, now: int) -> Held:
    on = target.value > 0
    since = before.since if on == (before.value > 0) else now
    begun = now if on and target.begun is None else target.begun
    return Held(target.value, target.by, since, begun)


def _dues(guard: Guard, held: Held) -> Iterator[int]:
    yield held.since + _micros(guard.min_on if held.value > 0 else guard.min_off)
    if guard.max_on and held.begun is not None:
        yield held.begun + _micros(guard.max_on)


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)
