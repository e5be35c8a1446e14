"""The outputs: what rules and commands ask for, as far as it is allowed, set on the hardware."""

from collections.abc import Iterable, Mapping
from itertools import count

from edge_agent.clock import NEVER, Moment
from edge_agent.evaluate.outputs.arbitration import (
    SAFE,
    Held,
    OutputRequest,
    Rank,
    arbitrate,
    excluded,
    holder,
)
from edge_agent.evaluate.outputs.output_state import Order, OutputState
from edge_agent.evaluate.outputs.output_switch import OutputSwitch
from edge_agent.evaluate.outputs.requests import Replaced, Requests
from edge_agent.evaluate.outputs.switching import GuardedOutput, SettingResult
from edge_agent.evaluate.outputs.unsafe_outputs import UnsafeOutputs
from edge_agent.evaluate.rules.rule import Rule
from edge_agent.events import Alert, Switched


class OutputSet:
    """Decides what every output does; one that could not be switched is tried again at every call.

    `states` and the names of firing `alerts` are those from before a restart.
    """

    def __init__(
        self,
        outputs: Iterable[GuardedOutput],
        states: Mapping[str, OutputState] | None = None,
        alerts: Iterable[str] = (),
    ) -> None:
        self._numbers = count(1)
        self._switches = {output.name: OutputSwitch(output, self._numbers) for output in outputs}
        self._guards = guards = {n: one.output.guard for n, one in self._switches.items()}
        saved = (states or {}).items()
        known = {name: one.within(guards[name]) for name, one in saved if name in guards}
        self._held = {name: one.held for name, one in known.items()}
        orders = {name: one.order for name, one in known.items() if one.order}
        self._requests = Requests(guards, orders)
        self._removed: list[OutputSwitch] = []  # whose results are awaited
        self._news: list[Switched] = []  # of removed outputs
        self._unsafe = UnsafeOutputs(alerts)
        self._arbitrated_at = NEVER
        self._unreleased: set[str] | None = None  # once all outputs have to be safe

    @property
    def names(self) -> frozenset[str]:
        """The outputs' names."""
        return frozenset(self._switches)

    @property
    def due_at(self) -> int:
        """The uptime in µs at which time alone may switch something, or makes an output late."""
        if self._unreleased is not None:
            return NEVER
        return min([self._arbitrated_at, *(one.due_at for one in self._all())])

    @property
    def waits(self) -> bool:
        """Whether the result of a setting is awaited."""
        return bool(self._unreleased) or any(one.waits for one in self._all())

    @property
    def unsafe(self) -> list[str]:
        """The outputs that are not known to stand as they have to at the end."""
        outputs = self._switches.items()
        return [n for n, one in outputs if one.error or not one.stands_at(self._held[n].value)]

    def output(self, name: str) -> GuardedOutput:
        """Return an output as configured."""
        return self._switches[name].output

    def take(self, output: GuardedOutput) -> None:
        """Add an output, or replace its guard."""
        if output.name in self._switches:
            self._switches[output.name].output = output
        else:
            self._switches[output.name] = OutputSwitch(output, self._numbers)
        self._guards[output.name] = output.guard

    def remove(self, names: Iterable[str], moment: Moment) -> None:
        """Set outputs to their safe state, and release their lines."""
        for name in names:
            switch = self._switches.pop(name)
            guard = self._guards.pop(name)
            safe = Held(guard.safe, SAFE, moment.uptime)
            self._news += _known(switch.follow(safe, moment), switch.release(moment))
            self._removed += [switch] * switch.waits
            self._held.pop(name, None)
            self._requests.pop(name)

    def values(self) -> dict[str, float]:
        """Return each output's value; one that could not be switched has none."""
        values = ((name, one.value) for name, one in self._switches.items())
        return {name: value for name, value in values if value is not None}

    def states(self) -> dict[str, OutputState]:
        """Return the states to restore after a restart."""
        return {name: OutputState(one, self.orders.get(name)) for name, one in self._held.items()}

    def order(self, name: str, order: Order | None) -> Replaced:
        """Set a command's order, or remove it; return what it replaced. It restarts `max_on`."""
        held = self._held.get(name)
        before = Replaced(self._requests.pop(name), held.begun if held else None)
        if order is not None:
            self._requests.orders[name] = order
            if held and order.value > 0 >= held.value:
                self._held[name] = held._replace(begun=None)
        return before

    @property
    def orders(self) -> Mapping[str, Order]:
        """The orders that are in force, by output."""
        return self._requests.orders

    def withdraw(self, name: str, before: Replaced) -> None:
        """Remove an order that has had no effect: what it replaced is in force again."""
        self._requests.pop(name)
        self._requests.put(name, before.asked)
        if self._held[name].value <= 0:
            self._held[name] = self._held[name]._replace(begun=before.begun)

    def obstacle(self, name: str, now: int) -> str | None:
        """Return why an output is not as its order asks: "" if it is, None if it may be soon."""
        held, switch, asked = self._held[name], self._switches[name], self.orders[name].value
        if held.value != asked:
            return holder(self._guards[name], held, now)
        error = switch.error or self._blocked(name, held)
        return error or ("" if switch.stands_at(asked) else None)

    def follow(
        self, acting: Iterable[Rule], moment: Moment, *, unknown: Iterable[Rule] = ()
    ) -> list[Switched]:
        """Switch what must change, and return it; the outputs of `unknown` rules become safe."""
        if self._unreleased is not None:
            return []
        now = moment.uptime
        self._requests.end(now)
        requests = self._requests.strongest(acting, unknown, self._guards)
        result = arbitrate(self._guards, requests, self._held, now)
        self._held = result.settings
        ends = (order.until for order in self.orders.values())
        self._arbitrated_at = min([*ends, NEVER if result.due is None else result.due])
        return self._set_all(moment)

    def settle(self, result: SettingResult) -> list[Switched]:
        """Take the result of a setting; return what is new, at the moment of the result."""
        switch = next((one for one in self._all() if one.awaits(result.number)), None)
        if switch is None:  # another value was asked for since
            return []
        removed = switch in self._removed
        held = switch.safe if removed else self._held[switch.output.name]
        news = _known(switch.take(result, held))
        self._removed = [one for one in self._removed if one.waits]
        return news + self._secure_each(result.moment)

    def secure(self, moment: Moment) -> list[Switched]:
        """Switch every output to its safe state, and release its line; orders last."""
        if self._unreleased is not None:
            return []
        self._unreleased = set(self._switches)
        lost = {
            name: OutputRequest(one.safe, SAFE, Rank.LOST) for name, one in self._guards.items()
        }
        self._held = arbitrate(self._guards, lost, self._held, moment.uptime).settings
        return self._news + self._secure_each(moment)

    def give_up(self, moment: Moment) -> list[Switched]:
        """Report the outputs that are not known to be safe, although they should be by now."""
        late = _known(*(one.give_up(moment) for one in self._all()))
        held_off = (self._set(name, self._held[name], moment) for name in self._unreleased or ())
        return late + _known(*held_off)

    def alerts(self, switched: Iterable[Switched]) -> list[Alert]:
        """Return the alerts of outputs that could not be made safe, or are switched again."""
        return list(self._unsafe.alerts(switched, self._guards))

    def _secure_each(self, moment: Moment) -> list[Switched]:
        """Switch, then release, all that need not wait for another one to be off."""
        ready: list[OutputSwitch] = []
        news: list[Switched] = []
        for name, held in self._held.items():
            if name in (self._unreleased or ()) and not self._must_wait(name, held):
                news += _known(self._set(name, held, moment))
                ready.append(self._switches[name])
        self._unreleased = self._unreleased and self._unreleased - {o.output.name for o in ready}
        return news + _known(*(one.release(moment) for one in ready))

    def _all(self) -> list[OutputSwitch]:
        return [*self._switches.values(), *self._removed]

    def _set_all(self, moment: Moment) -> list[Switched]:
        news, self._news = self._news, []
        late = _known(*(one.check(one.safe, moment) for one in self._removed))
        set_ = _known(*(self._set(name, held, moment) for name, held in self._held.items()))
        return news + late + set_

    def _set(self, name: str, held: Held, moment: Moment) -> Switched | None:
        """Switch one output, unless another that excludes it is not certain to be off."""
        switch, why = self._switches[name], self._blocked(name, held)
        if why:
            return switch.refuse(held, moment, why)
        return None if self._not_off(name, held) else switch.follow(held, moment)

    def _blocked(self, name: str, held: Held) -> str:
        """Return why an output stays off, if another one that excludes it could not be."""
        failed = (one.output.name for one in self._not_off(name, held) if one.error)
        other = next(failed, "")
        return other and f"held off: interlocked with {other}, which could not be switched off"

    def _must_wait(self, name: str, held: Held) -> bool:
        """Return whether it is not yet certain that an output may be switched on."""
        others = self._not_off(name, held)
        return bool(others) and not any(one.error for one in others)

    def _not_off(self, name: str, held: Held) -> list[OutputSwitch]:
        """Return the outputs that keep another one off: they exclude it, and may be on.

        One of them may be removed: a reload has given its name to another driver.
        """
        if held.value <= 0 or self._switches[name].stands_at(held.value):
            return []
        on = (one for one in self._all() if one.output.name in self._guards and not one.off)
        return [one for one in on if excluded(self._guards, name, one.output.name)]


def _known(*news: Switched | None) -> list[Switched]:
    return [one for one in news if one is not None]
