from functools import partial
from queue import SimpleQueue

import pytest

from edge_agent.clock import ManualClock, Moment
from edge_agent.evaluate.commands.bounds import Bounds
from edge_agent.evaluate.commands.execute import CommandExecutor
from edge_agent.evaluate.current_values import CurrentValues
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.engine_items import EvaluationParts
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import (
    AtOnce,
    GuardedOutput,
    SettingResult,
    carry_out,
)
from edge_agent.evaluate.refine.refine import DevicePlan
from edge_agent.evaluate.rules.rule import Rule, spans
from edge_agent.evaluate.rules.rule_set import RuleSet
from edge_agent.evaluate.saved_state import save_state
from edge_agent.events import Alert, Event, Reading

KNOWN = {
    "air.t": Known(),
    "air.h": Known(),
    "water.t": Known(),
    "door.active": Known("binary"),
}


def at(seconds):
    """Return the moment at an uptime."""
    uptime = round(seconds * 1e6)
    return Moment(1_700_000_000_000_000 + uptime, uptime, True)


def rule(when="air.t > 30", clear="", *, name="hot", **given):
    return Rule(name, parse(when, KNOWN), parse(clear, KNOWN) if clear else None, **given)


class Relay:
    """An output's driver: fails while `error` is set, and reads back `stuck` while that is."""

    def __init__(self, error=None):
        self.applied = []
        self.error = error
        self.stuck = None
        self.closed = False

    def apply(self, value):
        if self.error:
            raise self.error
        self.applied.append(value)

    def state(self):
        return self.applied[-1] if self.stuck is None else self.stuck

    def close(self):
        if self.error:
            raise self.error
        self.closed = True


class SteppedBus:
    """A bus that carries out its settings when the test lets it work."""

    name = "i2c-1"

    def __init__(self):
        self.settings = []

    def switch(self, setting, now):
        del now
        self.settings.append(setting)

    def work(self, moment):
        """Carry out what waits; return the results."""
        settings, self.settings = self.settings, []
        return [SettingResult(one.output, one.number, carry_out(one), moment) for one in settings]


def parts(plans, rules, states=None, outputs=(), *, began=0, allowed=(), delegate=None):
    """Return what an engine evaluates with; thresholds may be set from 0 to 100."""
    current = CurrentValues(plans, spans(rules), began=began)
    rule_set = RuleSet(rules, states or {}, current, partial(save_state, boot="manual"))
    switched = OutputSet(outputs)
    thresholds = {(rule.name, name): (0, 100) for rule in rules for name in rule.thresholds}
    bounds = Bounds(thresholds, dict.fromkeys(plans, (400, 2000)) | {"door": None})
    executor = CommandExecutor(allowed, rule_set, switched, bounds=bounds, delegate=delegate)
    return EvaluationParts(current, rule_set, switched, executor)


class SteppedEngine:
    """An engine without a thread, on a clock that is moved by hand."""

    def __init__(
        self,
        rules,
        plans=None,
        states=None,
        outputs=("fan",),
        guards=None,
        allowed=(),
        switchers=None,
    ):
        self.clock = ManualClock()
        self.inbox = SimpleQueue()
        self.relays = {name: Relay() for name in outputs}
        self.shown = []
        self.answers = []
        self.delegate = []
        self.recorded = []
        self.figures = []
        self.progress = 0
        plan = DevicePlan({}, 10.0)
        self.engine = Engine(
            self.inbox,
            parts(
                {"air": plan, "water": plan, "door": plan} | (plans or {}),
                rules,
                states,
                [
                    GuardedOutput(
                        name,
                        relay,
                        (guards or {}).get(name, Guard()),
                        (switchers or {}).get(name, AtOnce()),
                    )
                    for name, relay in self.relays.items()
                ],
                allowed=allowed,
                delegate=lambda command, key: self.delegate.append((command, key)),
            ),
            answer=self.answers.append,
            record=self.recorded.append,
            show=self.shown.append,
            clock=self.clock,
            progress=self._count,
            figures=self.figures.append,
        )
        self.engine.begin(self.clock.now())

    def _count(self):
        self.progress += 1

    def take(self):
        """Take what is in the inbox."""
        self.engine.take(0)

    def measure(self, device="air", quality="good", **values):
        """Take a reading that a device measures now."""
        self.inbox.put(Reading(device, self.clock.now(), values, quality))
        self.take()

    def wait(self, seconds):
        """Let time pass as the engine's thread would, without readings."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            self.clock.advance(min(self.engine.wait() or 1e-6, left))
            self.take()

    @property
    def alerts(self):
        """Return what was shown of rules, as (uptime in seconds, rule, state)."""
        shown = [each for each in self.shown if isinstance(each, Alert)]
        return [(each.moment.uptime / 1e6, each.rule, each.state) for each in shown]

    @property
    def readings(self):
        """Return the readings that were shown."""
        return [each for each in self.shown if isinstance(each, Reading)]

    @property
    def events(self):
        """Return what was recorded, in order."""
        return [one for batch in self.recorded for one in batch if isinstance(one, Event)]

    @property
    def batches(self):
        """Return what was recorded together, as lists of (kind, source)."""
        batches = [
            [(one.kind, one.source) for one in batch if isinstance(one, Event)]
            for batch in self.recorded
        ]
        return [batch for batch in batches if batch]


@pytest.fixture(scope="session", name="parts")
def parts_fixture():
    return parts


@pytest.fixture(scope="session")
def stepped():
    return SteppedEngine


@pytest.fixture
def relay():
    return Relay()


@pytest.fixture
def bus():
    return SteppedBus()


@pytest.fixture(scope="session")
def make_relay():
    return Relay


@pytest.fixture(scope="session")
def moment():
    return at


@pytest.fixture(name="rule", scope="session")
def rule_fixture():
    return rule
