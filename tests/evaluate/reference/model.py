"""The model: it takes events, and tells alerts and the outputs' values."""

from datetime import timedelta
from typing import NamedTuple

from tests.evaluate.reference.history import Heard, World
from tests.evaluate.reference.outputs import Order, OutputState, arbitrate
from tests.evaluate.reference.rules import Rule, RuleState


class Configuration(NamedTuple):
    """What is configured."""

    every: dict[str, int]  # seconds, by device
    outputs: tuple
    rules: tuple[Rule, ...]


class Stands(NamedTuple):
    """What an output is set to from a second on."""

    second: int
    output: str
    value: int
    by: str


class Model:
    """Rules and outputs over time, looked at each second and after each event."""

    def __init__(self, configuration):
        self.world = World(configuration.every)
        self.rules = [RuleState(rule) for rule in configuration.rules]
        self.outputs = [OutputState(one, 0) for one in configuration.outputs]
        self.alerts, self.stands = [], []
        self.look()

    def until(self, second):
        """Let time pass."""
        while self.world.now < second:
            self.world.now += 1
            self.look()

    def look(self):
        """Look at everything as it is now."""
        for rule in self.rules:
            self.alerts += rule.look(self.world)
        self.switch()

    def switch(self):
        arbitrate(self.outputs, self.rules, self.world.now)
        for one in self.outputs:
            self.stands.append(Stands(self.world.now, one.output.name, one.value, one.by))

    def take(self, event):
        """Take an event; that the wall clock has jumped is seen a second later."""
        getattr(self, event.what)(**event.details)
        if event.what != "clock":
            self.look()

    def reading(self, device, values):
        for channel, value in values.items():
            self.world.heard.append(Heard(self.world.now, f"{device}.{channel}", value))

    def set(self, output, value, seconds, *, wait):
        one = self._output(output)
        if value == "auto":
            one.order = one.first = None
            return
        before = one.order, one.first, one.begun, one.spent
        one.order = Order(value, self.world.now + seconds)
        if value:
            one.start_anew()
        self.switch()
        if one.value != value and not wait:
            one.order, one.first, one.begun, one.spent = before

    def acknowledge(self, rule):
        one = self._rule(rule)
        if one.fires:
            one.acknowledged = True
            self.alerts.append(one.told(self.world.now, "firing"))

    def silence(self, rule, seconds):
        self._rule(rule).silenced_until = self.world.now + seconds

    def enable(self, rule):
        self._rule(rule).enabled = True

    def disable(self, rule):
        self.alerts += self._rule(rule).disable(self.world.now)

    def threshold(self, rule, name, value):
        _, low, high = self._rule(rule).rule.thresholds[name]
        if low <= value <= high:
            self._rule(rule).commanded[name] = value

    def clock(self, seconds, *, trusted):
        """Let the wall clock jump; uptime goes on."""
        self.world.wall += timedelta(seconds=seconds)
        self.world.trusted = trusted

    def restart(self):
        """Be killed and start again: all is as before, unless a start chooses an output's value."""
        for one in self.outputs:
            one.start()

    def stop(self):
        """Stop, with safe outputs, and start again."""
        for one in self.outputs:
            one.secure(self.world.now)
            one.start()

    def reload(self, rules):
        """Take other rules."""
        old = {one.rule.name: one for one in self.rules}
        for name in old.keys() - {rule.name for rule in rules}:
            self.alerts += old[name].end(self.world.now)
        self.rules = [old.get(rule.name) or RuleState(rule) for rule in rules]
        for one, rule in zip(self.rules, rules, strict=True):
            self.alerts += one.changed(rule, self.world.now)

    def _rule(self, name):
        return next(one for one in self.rules if one.rule.name == name)

    def _output(self, name):
        return next(one for one in self.outputs if one.output.name == name)
