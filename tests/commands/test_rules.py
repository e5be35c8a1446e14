import json
from datetime import datetime

import pytest
from click.testing import CliRunner

from edge_agent.cli import cli
from edge_agent.clock import Moment
from edge_agent.errors import ConfigError
from edge_agent.events import Alert, Reading
from edge_agent.store.event_log import EventLog

CONFIG = """
node = "shed"
[log]
path = "{log}"
[[device]]
name = "air"
driver = "sht4x"
every = "10s"
[[output]]
name = "fan"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 30"
for = "20s"
set = {{ fan = "on" }}
[[rule]]
name = "night"
when = "time >= 22:00 and air.temperature > 20"
severity = "info"
"""
GOOD = {
    "name": "a warm day",
    "readings": [{"at": 0, "air": {"temperature": 31}}, {"at": "1m", "air": {"temperature": 15}}],
    "alerts": [
        {"at": "20s", "rule": "warm"},
        {"at": "1m", "rule": "warm", "state": "resolved"},
    ],
    "outputs": [
        {"at": "20s", "output": "fan", "value": "on"},
        {"at": "1m", "output": "fan", "value": "off"},
    ],
}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "shed.toml"
    path.write_text(CONFIG.format(log=tmp_path / "shed.db"))
    return path


def run(*arguments):
    return CliRunner().invoke(cli, [str(one) for one in arguments], standalone_mode=False)


@pytest.fixture
def tested(tmp_path, config):
    def test(*cases):
        file = tmp_path / "cases.jsonl"
        file.write_text("\n".join(json.dumps(case) for case in cases))
        return run("rules", "test", file, "-c", config)

    return test


def test_a_case_that_holds_is_ok(tested):
    done = tested(GOOD)
    assert (done.return_value, done.output) == (0, "ok     a warm day\n")


@pytest.mark.parametrize(
    "change, words",
    [
        ({"alerts": []}, "alert: unexpected warm firing at 20s"),
        ({"alerts": [*GOOD["alerts"], {"at": 5, "rule": "night"}]}, "no night firing at 5s"),
        ({"outputs": GOOD["outputs"][:1]}, "output: unexpected fan 0 at 60s"),
        ({"start": "2026-01-05T22:00:00"}, "unexpected night firing at 0s"),
        ({"start": "2026-01-05T21:59:50"}, "unexpected night firing at 10s"),
    ],
)
def test_a_case_that_does_not_hold_names_the_difference(tested, change, words):
    done = tested(GOOD, GOOD | change)
    assert done.return_value == 1
    assert "FAILED a warm day" in done.output
    assert words in done.output


def test_a_missing_reading_fires_nothing(tested):
    readings = [{"at": 0, "air": {"temperature": 31}}, {"at": 5, "air": "missing"}]
    case = {"name": "gone", "readings": readings, "until": "5m"}
    # 31 °C are current for three intervals and ten seconds: long enough for the rule
    assert "unexpected warm firing at 20s" in tested(case).output
    readings[0] = {"at": 0, "air": {"temperature": 29}}
    assert tested(case).return_value == 0


COLD = {"name": "x", "readings": [{"at": 0, "air": {"temperature": 20}}], "until": "5m"}
HOT = COLD | {"readings": [{"at": 0, "air": {"temperature": 31}}]}
FIRES = {"alerts": [{"at": 20, "rule": "warm"}]}


@pytest.mark.parametrize(
    "case, words",
    [
        (COLD | {"outputs": []}, ""),
        (HOT | FIRES | {"outputs": []}, "output: unexpected fan 1 at 20s"),
        (HOT | FIRES, ""),  # without outputs, it does not matter
    ],
)
def test_a_case_can_say_that_no_output_moves(tested, case, words):
    done = tested(case)
    assert (done.return_value, words in done.output) == (bool(words), True)


def test_a_case_can_say_what_happens_at_its_beginning(tested):
    night = {"at": 0, "rule": "night"}
    case = HOT | {"start": "2026-01-05T22:00:00", "alerts": [night, *FIRES["alerts"]]}
    assert tested(case).return_value == 0


@pytest.mark.parametrize("refused", ["refused", {"temperature": "refused", "humidity": 40}])
def test_a_refused_reading_makes_a_rule_unknown_at_once(tested, refused):
    hot = {"temperature": 31, "humidity": 40}
    readings = [{"at": 0, "air": hot}, {"at": 30, "air": refused}]
    moves = [
        {"at": 20, "output": "fan", "value": "on"},
        {"at": 30, "output": "fan", "value": "off"},
    ]
    assert tested(COLD | FIRES | {"readings": readings, "outputs": moves}).output == "ok     x\n"


@pytest.mark.parametrize(
    "case, words",
    [
        ({"name": "x"}, "readings"),
        ({"name": "x", "readings": [{"air": {"temperature": 1}}]}, "needs at"),
        ({"name": "x", "readings": [{"at": "soon"}]}, "needs at"),
        ({"name": "x", "readings": [{"at": 0, "sea": {}}]}, "no device sea"),
        ({"name": "x", "readings": [{"at": 0, "air": {"salt": 1}}]}, "humidity, temperature"),
        ({"name": "x", "readings": [{"at": 0, "air": 5}]}, "or 'missing', or 'refused'"),
        ({"name": "x", "readings": [{"at": 0, "air": {"humidity": True}}]}, "air.humidity is a"),
        ({"name": "x", "readings": [], "alerts": [{"at": 0, "rule": "frots"}]}, "no rule frots"),
        (
            {"name": "x", "readings": [], "outputs": [{"at": 0, "output": "van", "value": 1}]},
            "no output van",
        ),
        (
            {"name": "x", "readings": [], "alerts": [{"at": 0, "rule": "warm", "state": "on"}]},
            "state",
        ),
        ("nonsense", "JSON object"),
    ],
)
def test_what_is_not_a_case_is_refused(tested, case, words):
    error = tested(case).exception
    assert isinstance(error, ConfigError)
    assert words in str(error)


ALERTS = {9: "gone", 20: "output-van", 333: "warm"}


def store(path, *, last):
    """An hour of readings up to `last` µs, warm in its last minutes, and one alert."""
    log = EventLog.open(path, boot="b")
    begin = last - 3600 * 1_000_000
    moments = [Moment(begin + n * 10_000_000, n * 10_000_000, True) for n in range(361)]
    with log.transaction():
        for n, moment in enumerate(moments):
            log.append([Reading("air", moment, {"temperature": 31.0 if n > 330 else 25.0}).event()])
            if n in ALERTS:
                log.append([Alert(ALERTS[n], "firing", moment, "warning", {}).event()])
    log.close()


@pytest.fixture
def replayed(config, tmp_path, monkeypatch):
    """A function: replay an hour that ends at noon, far from the rule for the night."""
    noon = int(datetime(2026, 1, 5, 12).timestamp() * 1e6)  # noqa: DTZ001 - as clock() has it
    store(tmp_path / "shed.db", last=noon)
    monkeypatch.setattr("edge_agent.commands.rules.time.time_ns", lambda: noon * 1000)
    return lambda *arguments: run("rules", "replay", config, *arguments).output


def test_a_replay_compares_the_new_alerts_with_those_in_the_log(replayed):
    shown = replayed("--since", "2h")
    assert "unchanged warm                 firing" in shown
    assert "gone      gone                 firing" in shown
    assert "1 unchanged, 0 new, 1 no longer raised" in shown


def test_a_replay_takes_a_reading_that_was_measured_just_before_what_is_logged_before_it(
    replayed, tmp_path
):
    log = EventLog.open(tmp_path / "shed.db", boot="c")
    noon = int(datetime(2026, 1, 5, 12).timestamp() * 1e6)  # noqa: DTZ001 - as clock() has it
    times = [(1200, 25.0), (1000, 50.0), (900, 25.0), (950, 24.0), (100, 25.0), (300, 45.0)]
    with log.transaction():
        for before, value in times:
            moment = Moment(noon - before * 10_000, noon, True)
            log.append([Reading("air", moment, {"temperature": value}).event()])
    log.close()
    change = 'rule.warm.when="air.temperature > 40"'
    shown = replayed("--since", "9s", "--set", change, "--set", "rule.warm.for=0s")
    assert shown.count("new       warm                 firing") == 1


def test_a_replay_begins_at_the_given_time(replayed):
    shown = replayed("--since", "30m")
    assert "gone" not in shown


def test_a_replay_runs_the_rules_as_they_are_now(replayed):
    change = 'rule.warm.when="air.temperature > 40"'
    shown = replayed("--since", "2h", "--set", change)
    assert "0 unchanged, 0 new, 2 no longer raised" in shown
