"""Runs a timeline through the agent's own evaluation, with a log on disk."""

import json
from contextlib import closing
from queue import SimpleQueue
from types import MappingProxyType

from edge_agent.assembly.evaluation import assemble_evaluation
from edge_agent.assembly.reload import Prepared, Renewal
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.evaluate.engine import Engine, NewParts
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.replay import ImaginaryOutput
from edge_agent.events import Alert, Event, Reading, Request, SavedState, Switched
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader
from tests.evaluate.reference.history import START
from tests.evaluate.reference.model import Stands
from tests.evaluate.reference.rules import Told

DEVICES = MappingProxyType(
    {
        "air": 'driver = "sht4x"',
        "water": 'driver = "ds18b20"\nid = "28-0000000000aa"',
        "door": 'driver = "contact"\npin = 17',
    }
)
WORDS = MappingProxyType(
    {("set", "seconds"): "for", ("silence", "seconds"): "for", ("threshold", "name"): "threshold"}
)
ONOFF = ("off", "on")
COMMANDS = ("set", "acknowledge", "silence", "enable", "disable", "threshold")


def toml(configuration):
    """Return a configuration as a file's text."""
    parts = ['node = "reference"', f"[commands]\nallow = {json.dumps(COMMANDS)}"]
    for name, every in configuration.every.items():
        parts.append(f'[[device]]\nname = "{name}"\n{DEVICES[name]}\nevery = "{every}s"')
    parts += [output_table(one, 20 + n) for n, one in enumerate(configuration.outputs)]
    return "\n".join([*parts, *map(rule_table, configuration.rules)])


def output_table(output, pin):
    """Return an output's table."""
    guard = {key: getattr(output, key) for key in ("min_on", "min_off", "max_on")}
    times = "".join(f'{key} = "{seconds}s"\n' for key, seconds in guard.items())
    interlock = f"interlock = {json.dumps(output.interlock)}\n"
    safe = f'safe = "{ONOFF[output.safe]}"\n'
    start = "" if output.at_start is None else f'at_start = "{ONOFF[output.at_start]}"\n'
    return f'[[output]]\nname = "{output.name}"\npin = {pin}\n{safe}{start}{times}{interlock}'


def rule_table(rule):
    """Return a rule's table."""
    keys = {
        "name": rule.name,
        "when": str(rule.when),
        **({"clear": str(rule.clear)} if rule.clear else {}),
        "for": f"{rule.hold}s",
        "keep_firing_for": f"{rule.keep}s",
        "severity": rule.severity,
        "repeat": f"{rule.repeat}s",
        "storm": rule.storm,
    }
    table = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    settings = ", ".join(
        f'{name} = "{"on" if on else "off"}"' for name, on in rule.settings.items()
    )
    limits = "".join(
        f"threshold.{name} = {{ value = {value}, low = {low}, high = {high} }}\n"
        for name, (value, low, high) in rule.thresholds.items()
    )
    return f"[[rule]]\n{table}\nset = {{ {settings} }}\n{limits}"


class Life:
    """The engine, on a clock that is moved by hand; it lives on when it is killed or reloaded."""

    def __init__(self, configuration, directory):
        self.directory, self.configuration = directory, configuration
        self.blueprint = self.resolved(configuration)
        self._clock = ManualClock(START.timestamp())
        self.log = EventLog.open(self.directory / "reference.db", boot="manual")
        self.relays = {one.name: ImaginaryOutput() for one in configuration.outputs}
        self.shown, self.recorded = [], []
        self.restart()

    def resolved(self, configuration):
        """Return the blueprint of a configuration; raise ConfigError if it makes no sense."""
        path = self.directory / "reference.toml"
        path.write_text(toml(configuration))
        return resolve(path)

    def restart(self):
        """Start again after a kill, with what was committed."""
        self.save()
        self.inbox = SimpleQueue()
        self.engine = Engine(
            self.inbox,
            self.parts(),
            answer=lambda _: None,
            record=self.recorded.extend,
            show=self.shown.append,
            clock=self._clock,
        )
        self.engine.begin(self._clock.now())

    def stop(self):
        """Stop, and start again."""
        self.inbox.put(None)
        self.engine.run()
        self.restart()

    def parts(self):
        """Return what the engine evaluates with, as the log restores it."""
        with closing(LogReader(self.directory / "reference.db")) as reader:
            return assemble_evaluation(
                self.blueprint,
                reader,
                self._clock,
                lambda one: GuardedOutput(one.name, self.relays[one.name], one.guard),
                lambda *_: None,
            )

    def save(self):
        """Commit what was recorded since the last restart."""
        states = [one for one in self.recorded if isinstance(one, SavedState)]
        events = [one for one in self.recorded if isinstance(one, Event)]
        self.recorded.clear()
        with self.log.transaction():
            for one in states:
                self.log.save_state(one.name, one.data.decode())
            if events:
                self.log.append(events)

    def until(self, second):
        """Let time pass as in the engine's thread."""
        while (left := second - self._clock.monotonic()) > 1e-9:
            self._clock.advance(min(self.engine.wait() or 1e-6, left))
            self.engine.take(0)

    def take(self, event):
        """Take an event: a command, a reading, or what happens to the agent."""
        if event.what in COMMANDS:
            self.command(event.what, event.details)
        else:
            getattr(self, event.what)(**event.details)

    def reading(self, device, values):
        """Take a reading; None is a value that was refused."""
        right = {name: value for name, value in values.items() if value is not None}
        refused = {name: "test" for name, value in values.items() if value is None}
        self.put(Reading(device, self._clock.now(), right, refused=refused))

    def put(self, item):
        """Let the engine take an item."""
        self.inbox.put(item)
        self.engine.take(0)

    def command(self, name, details):
        """Send a command, in the words of the page."""
        given = {WORDS.get((name, key), key): value for key, value in details.items()}
        if name == "set":
            given["value"] = {0: "off", 1: "on"}.get(given["value"], "auto")
        self.put(Request(name, json.dumps(given).encode(), "answers"))

    def clock(self, seconds, *, trusted):
        self._clock.step(seconds)
        self._clock.trusted = trusted

    def reload(self, rules):
        """Put another configuration in force, as `edge_agent.assembly.reload` does."""
        self.configuration = self.configuration._replace(rules=rules)
        new = self.resolved(self.configuration)
        prepared = Prepared(new, {}, None, None, 0)
        renewal = Renewal(self.blueprint, prepared, clock=self._clock, delegate=lambda *_: None)
        refused = []
        self.put(NewParts(renewal.parts, renewal.kept, refused.append, lambda: True))
        assert refused == [""]
        self.blueprint = new

    def close(self):
        """Close the log."""
        self.log.close()

    @property
    def alerts(self):
        """Return the alerts that were shown."""
        return [
            Told(second(one), one.rule, one.state, one.repeat, one.acknowledged, one.silenced)
            for one in self.shown
            if isinstance(one, Alert)
        ]

    @property
    def stands(self):
        """Return how the outputs were shown to stand."""
        return [
            Stands(second(one), one.output, one.value, one.by)
            for one in self.shown
            if isinstance(one, Switched)
        ]


def second(one):
    """Return the second at which something was shown."""
    return round(one.moment.uptime / 1e6, 3)
