"""`edge-agent sinks`: what the log, its locks and the configuration say of every sink."""

import json

import msgspec
import pytest

from edge_agent.clock import ManualClock
from edge_agent.commands.sinks import span
from edge_agent.deliver.sink_state import (
    Availability,
    LastError,
    availability_name,
    error_name,
    notice_name,
)
from edge_agent.events import CursorMove, Reading, Subscription
from edge_agent.store.event_log import EventLog

CONFIG = """
[[sink]]
name = "cloud"
url = "mqtts://cloud.example"
[[sink]]
name = "archive"
url = "file:///nowhere/events.jsonl"
"""


class Shed:
    """An event log with three readings of 2023, and the configuration that names it."""

    def __init__(self, directory):
        self.config = directory / "shed.toml"
        self.config.write_text(CONFIG + f'[log]\npath = "{directory / "events.db"}"\n')
        clock = ManualClock()
        self.log = EventLog.open(directory / "events.db", boot=clock.boot)
        with self.log.transaction():
            names = ("mqtt", "cloud", "removed")
            self.log.account.register([Subscription(name) for name in names], 0)
            self.log.append([Reading("air", clock.now(), {"t": n}).event() for n in range(3)])
            self.log.account.move(CursorMove("mqtt", 3, {2: "too ugly"}))
            self.log.account.move(CursorMove("cloud", 1, {}))
            self.log.account.register([Subscription("mqtt"), Subscription("cloud")], 3)

    def save(self, name, value):
        with self.log.transaction():
            self.log.save_state(name, msgspec.json.encode(value).decode())


@pytest.fixture
def shed(tmp_path):
    """The shed while its agent runs: the log is locked."""
    shed = Shed(tmp_path)
    yield shed
    shed.log.close()


def shown(edge_agent, shed):
    return json.loads(edge_agent("sinks", shed.config, "--json").out)


def test_each_sink_has_its_counts_and_the_age_of_what_waits(edge_agent, shed):
    cloud = shown(edge_agent, shed)["sinks"]["cloud"]
    assert (cloud["delivered"], cloud["waiting"]) == (1, 2)
    assert cloud["oldest"] > 365 * 86400
    mqtt = shown(edge_agent, shed)["sinks"]["mqtt"]
    assert (mqtt["delivered"], mqtt["refused"]) == (2, {"too ugly": 1})
    assert (mqtt["waiting"], mqtt["oldest"]) == (0, None)


def test_a_sink_is_delivering_new_or_removed(edge_agent, shed):
    states = {name: one["state"] for name, one in shown(edge_agent, shed)["sinks"].items()}
    assert states == {
        "mqtt": "delivering",
        "cloud": "delivering",
        "archive": "new",
        "removed": "removed",
    }


def test_without_an_agent_every_sink_is_stopped_and_its_last_error_is_there(edge_agent, shed):
    shed.save(availability_name("cloud"), Availability(False, 1))
    shed.save(error_name("cloud"), LastError("no route", 1_700_000_000_000_000))
    shed.log.close()
    done = edge_agent("sinks", shed.config)
    assert done.code == 0
    assert done.out.startswith("no agent runs with this event log")
    assert "cloud    stopped" in done.out
    assert ": no route\n" in done.out


def test_an_unavailable_sink_is_an_exit_code_and_says_since_when_and_why(edge_agent, shed):
    shed.save(availability_name("cloud"), Availability(False, 1_700_000_000_000_000))
    shed.save(error_name("cloud"), LastError("no route", 1_700_000_000_000_000))
    done = edge_agent("sinks", shed.config)
    assert done.code == 1
    assert "unavailable since 2023-11-1" in done.out
    assert edge_agent("sinks", shed.config, "--json").code == 1


def test_what_the_status_says_of_a_sink_is_shown_while_the_agent_runs(edge_agent, shed):
    shed.save(notice_name("mqtt"), "it speaks MQTT 3.1.1")
    assert "  it speaks MQTT 3.1.1\n" in edge_agent("sinks", shed.config).out
    shed.log.close()
    assert "3.1.1" not in edge_agent("sinks", shed.config).out


def test_what_is_not_written_by_us_is_unknown(edge_agent, shed):
    shed.save(availability_name("mqtt"), "nonsense")
    shed.save(error_name("mqtt"), [1, 2])
    mqtt = shown(edge_agent, shed)["sinks"]["mqtt"]
    assert (mqtt["state"], mqtt["error"]) == ("delivering", None)


def test_the_age_of_an_event_of_another_boot_without_a_clock_is_unknown(edge_agent, shed):
    clock = ManualClock(boot="other")
    clock.trusted = False
    with shed.log.transaction():
        shed.log.account.move(CursorMove("cloud", 3, {}))
        shed.log.append([Reading("air", clock.now(), {"t": 1}).event()])
    assert shown(edge_agent, shed)["sinks"]["cloud"]["oldest"] is None
    assert "       ?" in edge_agent("sinks", shed.config).out


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59, "59s"), (61, "1m 1s"), (12_000, "3h 20m"), (90_000_000, "1041d 16h")],
)
def test_a_length_of_time_has_its_two_largest_units(seconds, text):
    assert span(seconds) == text
