"""A fleet whose rules are evaluated without a bus: events are given, and time is moved."""

from datetime import UTC, datetime, timedelta

import pytest

from consumers.alerts.engine import AlertEngine
from consumers.alerts.nodes import FleetNodes
from consumers.alerts.plan import load_plan
from consumers.alerts.records import AlertRecords
from consumers.received_event import received_event

START = 1_800_000_000_000_000  # µs
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = 1_000_000
NO_BUILT_IN = "builtin = []\n"


def rule(when, more="", name="hot", **keys):
    """A rule in TOML."""
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    return "\n".join(["[[rule]]", f'name = "{name}"', f'when = "{when}"', *lines, more, ""])


class Fleet:
    """Nodes that send events to an alert engine, at a time that stands still until it is moved."""

    def __init__(self, plan, saved=None, now=START):
        records, states = saved or ({}, {})
        self.now = now
        nodes = FleetNodes(states, plan.spans, plan.lateness)
        nodes.expect(plan.expected)
        self.records = AlertRecords(records)
        self.engine = AlertEngine(plan.rules, nodes, self.records, plan.max_age, now)
        self._offsets = {}

    def send(self, node="a", late=0, quality="good", device="air", attributes=None, **values):
        """A reading arrives that was measured `late` seconds ago."""
        offset = self._offsets[node] = self._offsets.get(node, 0) + 1
        time = EPOCH + timedelta(microseconds=self.now - late * SECOND)
        event = {
            "id": f"{node}-log:{offset}",
            "source": f"urn:edge:{node}",
            "type": "edge.reading.v1",
            "subject": device,
            "time": time.isoformat(),
            "specversion": "1.0",
            "data": {"values": values, "quality": quality},
        }
        event |= attributes or {}
        self.engine.take(received_event(event), self.now)
        return self

    def wait(self, seconds, tick=True):
        """Time passes, and the engine looks at it."""
        self.now += round(seconds * SECOND)
        if tick:
            self.engine.advance(self.now)
        return self

    def reported(self):
        """What was reported since the last time: the rule, the node and the state."""
        return [(one.rule, one.node, one.state) for one in self.transitions()]

    def transitions(self):
        """The transitions that were reported since the last time."""
        return [one.transition for one in self.taken()]

    def taken(self):
        """What was reported since the last time, with whether people are notified."""
        found, self.records.reported = self.records.reported, []
        return found

    def saved(self):
        """What a store has of it."""
        keys = self.records.every_key()
        states = {name: node.state for name, node in self.engine.nodes.nodes.items()}
        return {key: self.records.get(key) for key in keys}, states


@pytest.fixture
def plan(tmp_path):
    """A function: the plan of a file of rules."""

    def load(text):
        path = tmp_path / "rules.toml"
        path.write_text(text)
        return load_plan(path)

    return load


@pytest.fixture
def fleet(plan):
    """A function: a fleet that is judged by rules; without the built-in ones."""

    def start(text, **more):
        return Fleet(plan(NO_BUILT_IN + text), **more)

    return start
