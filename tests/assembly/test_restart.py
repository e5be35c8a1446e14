"""A restart at any step: the same alerts and settings as without one."""

import json
from queue import SimpleQueue

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.assembly.evaluation import assemble_evaluation
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.evaluate.engine import Engine
from edge_agent.evaluate.outputs.switching import GuardedOutput
from edge_agent.evaluate.replay import ImaginaryOutput
from edge_agent.evaluate.rules.rule_state import RuleState
from edge_agent.events import Alert, Event, Reading, Request, SavedState, Switched
from edge_agent.store.event_log import EventLog
from edge_agent.store.reader import LogReader

CONFIG = """
node = "restart"
[aggregates]
windows = ["1m"]
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[output]]
name = "fan"
pin = 22
min_on = "3s"
min_off = "2s"
max_on = "20s"
[[rule]]
name = "hot"
when = "air.temperature > 30"
clear = "air.temperature < 28"
for = "3s"
keep_firing_for = "2s"
repeat = "60s"
storm = 3
set = { fan = "on" }
[[rule]]
name = "mean"
when = "mean(air.temperature, 5s) > 29"
[[rule]]
name = "rising"
when = "rate(air.temperature, 4s) > 1"
for = "2s"
"""


@pytest.fixture(scope="module")
def blueprint(tmp_path_factory):
    path = tmp_path_factory.mktemp("restart") / "restart.toml"
    path.write_text(CONFIG)
    return resolve(path)


class Life:
    """An engine whose log is on a disk; it may be killed and restarted after any reading."""

    def __init__(self, blueprint, path):
        self.clock = ManualClock()
        self.blueprint, self.path = blueprint, path
        self.log = EventLog.open(path, boot="manual")
        self.shown, self.events, self.answers = [], [], []
        self.relay = ImaginaryOutput()
        self.begin()

    def begin(self):
        reader = LogReader(self.path)
        parts = assemble_evaluation(
            self.blueprint,
            reader,
            self.clock,
            lambda one: GuardedOutput(one.name, self.relay, one.guard),
            lambda *_: None,
        )
        reader.close()
        self.engine = Engine(
            SimpleQueue(),
            parts,
            record=self.record,
            show=self.shown.append,
            answer=lambda answer: self.answers.append(json.loads(answer.payload)),
            clock=self.clock,
        )
        self.engine.begin(self.clock.now())

    def record(self, records):
        with self.log.transaction():
            events = [one for one in records if isinstance(one, Event)]
            for one in records:
                if isinstance(one, SavedState):
                    self.log.save_state(one.name, one.data.decode())
            if events:
                self.log.append(events)
        self.events += events

    def live(self, seconds, value):
        end = self.clock.monotonic() + seconds
        while (left := end - self.clock.monotonic()) > 1e-9:
            self.clock.advance(min(self.engine.wait() or 1e-6, left))
            self.engine.take(0)
        if value is not None:
            self.engine.evaluate(Reading("air", self.clock.now(), {"temperature": value}))

    def reported(self):
        return [
            (one.moment.uptime, one.rule, one.state, one.repeat)
            if isinstance(one, Alert)
            else (one.moment.uptime, one.output, one.value, one.by)
            for one in self.shown
            if isinstance(one, Alert | Switched)
        ]

    def counted(self):
        """How many values the aggregates have counted, those under way included."""
        under_way = self.engine._evaluator.current.aggregates(None)
        reported = [one for one in self.events if one.kind == "aggregate"]
        return sum(one.data["values"]["temperature"]["count"] for one in [*reported, *under_way])


def lived(blueprint, path, steps, restart_at):
    life = Life(blueprint, path)
    for n, (seconds, value) in enumerate(steps):
        if n == restart_at:
            life.begin()
        life.live(seconds, value)
    life.log.close()
    return life


VALUES = st.sampled_from([None, 20.0, 27.0, 28.5, 29.5, 31.0, 33.0])
STEPS = st.lists(st.tuples(st.sampled_from([0.5, 1, 1, 1, 2, 8]), VALUES), min_size=2, max_size=40)


@settings(
    max_examples=150,
    print_blob=False,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(STEPS, st.data())
def test_a_restart_at_any_step_gives_the_same_alerts_and_settings(
    blueprint, tmp_path_factory, steps, data
):
    directory = tmp_path_factory.mktemp("life")
    restart_at = data.draw(st.integers(1, len(steps) - 1))
    without = lived(blueprint, directory / "without.db", steps, None)
    with_one = lived(blueprint, directory / "with.db", steps, restart_at)
    assert once(with_one.reported()) == once(without.reported())
    measured = sum(value is not None for _, value in steps)
    assert with_one.counted() == without.counted() == measured


def once(reported):
    """Leave out an output's value that a restart reports again."""
    last, kept = {}, []
    for uptime, name, value, by in reported:
        if last.get(name) != (value, by) or name != "fan":
            kept.append((uptime, name, value, by))
        last[name] = (value, by)
    return kept


class Asked(Life):
    """A run in which commands are sent."""

    def ask(self, name, **arguments):
        self.engine.execute(Request(name, json.dumps(arguments).encode(), "answers"))

    def stop(self):
        self.engine._inbox.put(None)
        self.engine.run()

    def rule(self):
        return self.engine._evaluator.rule_set.states["hot"]


@pytest.fixture
def asked(tmp_path):
    config = tmp_path / "asked.toml"
    allow = '[commands]\nallow = ["set", "silence", "disable", "threshold", "acknowledge"]\n'
    threshold = "threshold.warm = { value = 30, low = 20, high = 40 }\n[[rule]]"
    text = CONFIG.replace("> 30", "> warm").replace("[[rule]]", threshold, 2)
    config.write_text(text.replace(threshold, "[[rule]]", 1) + allow)
    life = Asked(resolve(config), tmp_path / "asked.db")
    yield life
    life.log.close()


def test_what_was_commanded_survives_a_restart(asked):
    asked.live(1, 25)
    asked.ask("threshold", rule="hot", threshold="warm", value=24)
    asked.ask("silence", rule="hot", **{"for": 60})
    asked.ask("set", output="fan", value="on", id="once", **{"for": 10})
    asked.live(3, 25)
    assert asked.relay.state() == 1
    asked.begin()
    assert (asked.rule().thresholds, asked.rule().state) == ({"warm": 24}, "firing")
    assert asked.rule().silenced_until > asked.clock.now().uptime
    assert asked.relay.state() == 1
    asked.ask("set", output="fan", value="off", id="once")
    assert asked.answers[-1]["repeated"]
    assert asked.relay.state() == 1
    asked.live(1, 25)
    assert [one.silenced for one in asked.shown if isinstance(one, Alert)][-1] is True


@pytest.mark.parametrize("low, kept", [(20, {"warm": 24}), (26, {})])
def test_a_commanded_threshold_survives_a_restart_only_within_its_bounds(
    asked, tmp_path, low, kept
):
    asked.ask("threshold", rule="hot", threshold="warm", value=24)
    config = (tmp_path / "asked.toml").read_text().replace("low = 20", f"low = {low}")
    restarted(asked, config, tmp_path)
    assert asked.rule().thresholds == kept
    for _ in range(4):
        asked.live(1, 25)
    assert asked.rule().state == ("firing" if kept else "inactive")


def restarted(life, config, tmp_path):
    """Start again with another configuration; return its first alerts as (rule, state)."""
    path = tmp_path / "changed.toml"
    path.write_text(config)
    life.blueprint = resolve(path)
    before = len(life.events)
    life.begin()
    return [(e.source, e.data["state"]) for e in life.events[before:] if e.kind == "alert"]


HOT = CONFIG[CONFIG.index('[[rule]]\nname = "hot"') : CONFIG.index('[[rule]]\nname = "mean"')]
FAN = CONFIG[CONFIG.index("[[output]]") : CONFIG.index("[[rule]]")]
WITHOUT_HOT = CONFIG.replace(HOT, "")


def test_a_firing_rule_that_is_removed_is_resolved_at_the_restart_and_only_once(asked, tmp_path):
    for _ in range(4):
        asked.live(1, 35)
    assert asked.rule().state == "firing"
    assert restarted(asked, WITHOUT_HOT, tmp_path) == [("hot", "resolved")]
    assert [one.state for one in asked.shown if isinstance(one, Alert)][-1] == "resolved"
    assert restarted(asked, WITHOUT_HOT, tmp_path) == []


def test_a_removed_rule_is_resolved_although_the_log_has_dropped_its_alert(asked, tmp_path):
    for _ in range(4):
        asked.live(1, 35)
    asked.log.execute("DELETE FROM event")
    assert restarted(asked, WITHOUT_HOT, tmp_path) == [("hot", "resolved")]
    assert restarted(asked, WITHOUT_HOT, tmp_path) == []


def test_a_rule_that_is_removed_and_added_again_starts_from_the_beginning(asked, tmp_path):
    asked.ask("disable", rule="hot")
    assert restarted(asked, WITHOUT_HOT, tmp_path) == []
    assert restarted(asked, CONFIG, tmp_path) == []
    assert msgspec.structs.replace(asked.rule(), condition="") == RuleState()
    for _ in range(4):
        asked.live(1, 35)
    assert asked.rule().state == "firing"


def test_a_rule_with_another_condition_keeps_what_was_commanded_at_a_restart(asked, tmp_path):
    asked.ask("threshold", rule="hot", threshold="warm", value=24)
    for _ in range(4):
        asked.live(1, 35)
    assert asked.rule().state == "firing"
    moved = (tmp_path / "asked.toml").read_text().replace("< 28", "< 27")
    assert restarted(asked, moved, tmp_path)[0] == ("hot", "resolved")
    assert (asked.rule().state, asked.rule().thresholds) == ("pending", {"warm": 24})
    assert restarted(asked, moved, tmp_path) == []
    assert asked.rule().thresholds == {"warm": 24}


def test_a_rule_with_another_message_goes_on_firing_at_a_restart(asked, tmp_path):
    for _ in range(4):
        asked.live(1, 35)
    text = (tmp_path / "asked.toml").read_text()
    renamed = text.replace('name = "hot"', 'name = "hot"\nmessage = "it is hot"')
    assert restarted(asked, renamed, tmp_path) == []
    assert asked.rule().state == "firing"


def test_a_set_survives_a_clean_stop(asked):
    asked.live(3, 25)  # min_off
    asked.ask("set", output="fan", value="on", **{"for": 60})
    asked.live(1, 25)
    asked.stop()
    assert asked.relay.state() == 0
    asked.begin()
    asked.live(3, 25)  # min_off
    assert asked.relay.state() == 1


@pytest.mark.parametrize("chosen, value", [("keep", 1), ("safe", 0), ("on", 1), ("off", 0)])
def test_a_restart_keeps_what_was_commanded_of_an_output_or_does_what_is_chosen(
    asked, tmp_path, chosen, value
):
    asked.live(3, 25)  # min_off
    asked.ask("set", output="fan", value="on", **{"for": 60})
    asked.live(4, 25)  # min_on
    assert asked.relay.state() == 1
    config = (tmp_path / "asked.toml").read_text().replace('max_on = "20s"', "")
    restarted(asked, config.replace("pin = 22", f'pin = 22\nat_start = "{chosen}"'), tmp_path)
    asked.live(3, 25)
    assert asked.relay.state() == value
    asked.live(60, 25)
    assert asked.relay.state() == (chosen == "on")


def test_what_a_start_has_ended_does_not_come_back_once_a_start_keeps_again(asked, tmp_path):
    asked.live(1, 25)
    asked.ask("set", output="fan", value="off", **{"for": 600})
    asked.stop()
    config = (tmp_path / "asked.toml").read_text()
    restarted(asked, config.replace("pin = 22", 'pin = 22\nat_start = "safe"'), tmp_path)
    asked.live(1, 25)
    restarted(asked, config, tmp_path)
    assert asked.engine._evaluator.outputs.orders == {}


def test_what_was_commanded_of_an_output_that_is_removed_does_not_come_back(asked, tmp_path):
    asked.live(3, 25)  # min_off
    asked.ask("set", output="fan", value="on", **{"for": 600})
    asked.live(4, 25)  # min_on
    config = (tmp_path / "asked.toml").read_text()
    without = config.replace('set = { fan = "on" }', "").replace(FAN, "")
    restarted(asked, without, tmp_path)
    asked.live(1, 25)
    restarted(asked, config, tmp_path)
    assert asked.engine._evaluator.outputs.orders == {}


def test_a_rule_that_fires_over_a_restart_sets_its_output_whatever_is_chosen(asked, tmp_path):
    for _ in range(4):
        asked.live(1, 35)
    assert asked.relay.state() == 1
    config = (tmp_path / "asked.toml").read_text()
    restarted(asked, config.replace("pin = 22", 'pin = 22\nat_start = "off"'), tmp_path)
    assert asked.relay.state() == 1


def test_after_a_clock_went_back_the_last_reading_is_the_current_one(asked):
    asked.live(1, 20)
    asked.clock.step(-1.5)
    asked.live(1, 35)
    asked.live(1, None)
    asked.begin()
    assert asked.engine._evaluator.current.values["air.temperature"] == 35


def test_a_disabled_rule_stays_so(asked):
    asked.ask("disable", rule="hot")
    asked.begin()
    for _ in range(6):
        asked.live(1, 35)
    assert not asked.rule().enabled
    assert "hot" not in {one.rule for one in asked.shown if isinstance(one, Alert)}
