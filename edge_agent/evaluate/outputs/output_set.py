"""The outputs: what rules and commands ask for, as far as it is allowed, set on the hardware."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.outputs.arbitration import (
    SAFE,
    Guard,
    Held,
    OutputRequest,
    Rank,
    arbitrate,
    excluded,
    strongest,
)
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import SEVERITIES, Switched

FINEST = 0.01  # how far a read-back may be off: a dimmer has steps
RANKS = dict(zip(SEVERITIES, (Rank.RULE_INFO, Rank.RULE_WARNING, Rank.RULE_CRITICAL), strict=True))


class Switchable(Protocol):
    """An output's driver, as in `drivers.base.driver.Output`."""

    def apply(self, value: float) -> None:
        """Switch; 0 is off."""
        ...

    def state(self) -> float:
        """Return the value that the hardware reads back."""
        ...

    def close(self) -> None:
        """Release the line."""
        ...


class GuardedOutput(NamedTuple):
    """An output as configured."""

    name: str
    driver: Switchable
    guard: Guard = Guard()


class Order(msgspec.Struct, frozen=True):
    """The value that a command asks of an output, until an uptime in µs."""

    value: float
    until: int
    by: str = "command"


class OutputState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an output does, and the order of a command, if there is one."""

    held: Held
    order: Order | None = None

    def shifted(self, by: int) -> "OutputState":
        """Return the state on another boot's uptime."""
        begun = None if self.held.begun is None else self.held.begun + by
        held = self.held._replace(since=self.held.since + by, begun=begun)
        order = self.order
        if order is not None:
            order = msgspec.structs.replace(order, until=order.until + by)
        return OutputState(held, order)


class OutputSet:
    """Owns the drivers; an output that could not be switched is tried again at every call.

    `states` are those from before a restart.
    """

    def __init__(
        self, outputs: Iterable[GuardedOutput], states: Mapping[str, OutputState] | None = None
    ) -> None:
        self._outputs = {output.name: output for output in outputs}
        self._guards = {name: output.guard for name, output in self._outputs.items()}
        known = {name: one for name, one in (states or {}).items() if name in self._outputs}
        self._held = {name: one.held for name, one in known.items()}
        self._orders = {name: one.order for name, one in known.items() if one.order}
        self._applied: dict[str, tuple[float, str, str]] = {}  # value, by and error, as reported
        self.due_at = NEVER  # uptime in µs at which time alone may switch something

    @property
    def names(self) -> frozenset[str]:
        """The outputs' names."""
        return frozenset(self._outputs)

    def driver(self, name: str) -> Switchable:
        """Return an output's driver."""
        return self._outputs[name].driver

    def take(self, output: GuardedOutput) -> None:
        """Add an output, or replace its guard."""
        self._outputs[output.name] = output
        self._guards[output.name] = output.guard

    def release(self, names: Iterable[str]) -> None:
        """Set outputs to their safe state, and close them."""
        for name in names:
            _, driver, guard = self._outputs.pop(name)
            del self._guards[name]
            _tried(partial(_apply, driver, guard.safe))
            _tried(driver.close)
            for known in (self._held, self._orders, self._applied):
                known.pop(name, None)

    def values(self) -> dict[str, float]:
        """Return each output's value; one that could not be switched has none."""
        return {name: value for name, (value, _, error) in self._applied.items() if not error}

    def states(self) -> dict[str, OutputState]:
        """Return the states to restore after a restart."""
        return {name: OutputState(one, self._orders.get(name)) for name, one in self._held.items()}

    def order(self, name: str, order: Order | None) -> None:
        """Set a command's order for an output; None removes it."""
        self._orders.pop(name, None)
        if order is not None:
            self._orders[name] = order

    def follow(
        self, acting: Iterable[Rule], moment: Moment, *, unknown: Iterable[Rule] = ()
    ) -> list[Switched]:
        """Switch what must change, and return it; the outputs of `unknown` rules become safe."""
        now = moment.uptime
        self._orders = {name: one for name, one in self._orders.items() if now < one.until}
        result = arbitrate(self._guards, self._requests(acting, unknown), self._held, now)
        self._held = result.settings
        ends = (order.until for order in self._orders.values())
        self.due_at = min([*ends, NEVER if result.due is None else result.due], default=NEVER)
        return self._apply_all(moment)

    def secure(self, moment: Moment) -> list[Switched]:
        """Switch every output to its safe state, and close it; orders last until they end."""
        lost = {
            name: OutputRequest(one.safe, SAFE, Rank.LOST) for name, one in self._guards.items()
        }
        self._held = arbitrate(self._guards, lost, self._held, moment.uptime).settings
        switched = self._apply_all(moment)
        for name, output in self._outputs.items():
            error = _tried(output.driver.close)
            if error:
                switched.append(Switched(name, output.guard.safe, SAFE, moment, error))
        return switched

    def _requests(
        self, acting: Iterable[Rule], unknown: Iterable[Rule]
    ) -> dict[str, OutputRequest]:
        asked: dict[str, list[OutputRequest]] = defaultdict(list)
        for rule in acting:
            for name, value in rule.settings.items():
                asked[name].append(OutputRequest(value, rule.name, RANKS[rule.severity]))
        for name, order in self._orders.items():
            asked[name].append(OutputRequest(order.value, order.by, Rank.COMMAND))
        for rule in unknown:
            for name in rule.settings:
                asked[name].append(OutputRequest(self._guards[name].safe, SAFE, Rank.LOST))
        return {name: strongest(requests) for name, requests in asked.items()}

    def _apply_all(self, moment: Moment) -> list[Switched]:
        reports = (self._set(name, held, moment) for name, held in self._held.items())
        return [one for one in reports if one is not None]

    def _set(self, name: str, held: Held, moment: Moment) -> Switched | None:
        """Switch one output; return a change, or a new error."""
        last = self._applied.get(name)
        if last == (held.value, held.by, ""):
            return None
        error = self._obstacle(name, held)
        if not error and (last is None or last[2] or last[0] != held.value):
            error = _tried(lambda: _apply(self._outputs[name].driver, held.value))
        if last == (held.value, held.by, error):  # the same error has been reported
            return None
        self._applied[name] = (held.value, held.by, error)
        return Switched(name, held.value, held.by, moment, error)

    def _obstacle(self, name: str, held: Held) -> str:
        """Return why an output may not switch on: another that excludes it did not go off."""
        for other, (_, _, error) in self._applied.items():
            if held.value and error and excluded(self._guards, name, other):
                return f"held off: interlocked with {other}, which could not be switched off"
        return ""


def _apply(driver: Switchable, value: float) -> None:
    """Switch and read back."""
    driver.apply(value)
    state = driver.state()
    if not math.isclose(state, value, abs_tol=FINEST):
        raise ValueError(f"set to {value:g}, but it reads back {state:g}; check the wiring")


def _tried(action: Callable[[], None]) -> str:
    """Act on the hardware; return the error, or ""."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a third party's bug must not end the engine
        return str(error) or repr(error)
    return ""
