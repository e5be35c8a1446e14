from functools import partial
from queue import SimpleQueue

import pytest

from edge_agent.clock import ManualClock, Moment
from edge_agent.evaluate.arbitration import Guard
from edge_agent.evaluate.desk import Desk
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.expression import Known
from edge_agent.evaluate.memory import keep
from edge_agent.evaluate.outputs import Output, Outputs
from edge_agent.evaluate.parser import parse
from edge_agent.evaluate.plan import DevicePlan
from edge_agent.evaluate.rulebook import Rulebook
from edge_agent.evaluate.rules import Rule
from edge_agent.evaluate.world import World
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


def judges(plans, rules, states=None, outputs=(), *, began=0, allowed=(), elsewhere=None):
    """Return what an engine judges by; thresholds may go from 0 to 100."""
    spans = {span for rule in rules for each in rule.expressions for span in each.spans}
    world = World(plans, spans, began=began)
    rulebook = Rulebook(rules, states or {}, world, partial(keep, boot="manual"))
    switched = Outputs(outputs)
    bounds = {(rule.name, name): (0, 100) for rule in rules for name in rule.thresholds}
    desk = Desk(allowed, rulebook, switched, bounds=bounds, elsewhere=elsewhere)
    return {"world": world, "rulebook": rulebook, "outputs": switched, "desk": desk}


class Bench:
    """An engine without its thread, on a clock that is moved by hand."""

    def __init__(self, rules, plans=None, states=None, outputs=("fan",), guards=None, allowed=()):
        self.clock = ManualClock()
        self.inbox = SimpleQueue()
        self.relays = {name: Relay() for name in outputs}
        self.shown = []
        self.answers = []
        self.elsewhere = []
        self.recorded = []
        self.progress = 0
        plan = DevicePlan({}, 10.0)
        self.engine = Engine(
            self.inbox,
            **judges(
                {"air": plan, "water": plan, "door": plan} | (plans or {}),
                rules,
                states,
                [
                    Output(name, relay, (guards or {}).get(name, Guard()))
                    for name, relay in self.relays.items()
                ],
                allowed=allowed,
                elsewhere=lambda command, key: self.elsewhere.append((command, key)),
            ),
            answer=self.answers.append,
            record=self.recorded.append,
            show=self.shown.append,
            clock=self.clock,
            progress=self._move_on,
        )
        self.engine.begin(self.clock.now())

    def _move_on(self):
        self.progress += 1

    def measure(self, device="air", quality="good", **values):
        """Let a device's reading come in now."""
        self.inbox.put(Reading(device, self.clock.now(), values, quality))
        self.engine.take(0)

    def wait(self, seconds):
        """Let time pass as the engine's thread would, without readings."""
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            self.clock.advance(min(self.engine.wait() or 1e-6, left))
            self.engine.take(0)

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


@pytest.fixture(scope="session", name="judges")
def judges_fixture():
    return judges


@pytest.fixture(scope="session")
def bench():
    return Bench


@pytest.fixture
def relay():
    return Relay()


@pytest.fixture(scope="session")
def make_relay():
    return Relay


@pytest.fixture(scope="session")
def moment():
    return at


@pytest.fixture(name="rule", scope="session")
def rule_fixture():
    return rule
