import json
import sqlite3

import pytest

from edge_agent.clock import ManualClock
from edge_agent.commands.check_events import REMEDY, SHOWN
from edge_agent.events import Event, Reading
from edge_agent.store.event_log import EventLog


@pytest.fixture
def log(tmp_path):
    """A function: the arguments that check a log with these events."""
    clock, path = ManualClock(), tmp_path / "events.db"

    def write(*events):
        log = EventLog.open(path, boot=clock.boot)
        with log.transaction():
            log.append([Event(kind, "air", clock.now(), data) for kind, data in events])
        name = log.id
        log.close()
        config = tmp_path / "shed.toml"
        config.write_text("")
        return name, ["check", config, "--events", "--set", f"log.path={path}"]

    return write


GOOD = ("reading", Reading("air", ManualClock().now(), {"temperature": 21.5}).event().data)
WRONG = ("alert", {"state": "angry", "severity": "info", "values": {}})
NO_JSON = 'UPDATE event SET data = \'{"values":\' WHERE "offset" = 1'


def test_a_log_whose_events_keep_their_contracts_has_no_problems(edge_agent, log):
    name, command = log(GOOD, GOOD, ("lifecycle", {"what": "started"}))
    done = edge_agent(*command)
    expected = f"log {name}: 3 events (2 reading, 1 lifecycle): no problems\n"
    assert (done.code, done.out, done.err) == (0, expected, "")


def test_an_empty_log_has_no_problems(edge_agent, log):
    name, command = log()
    assert edge_agent(*command).out == f"log {name}: 0 events: no problems\n"


def test_an_event_that_breaks_its_contract_is_named_with_the_reason(edge_agent, log):
    name, command = log(GOOD, WRONG)
    done = edge_agent(*command)
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "event 2 of air: edge.alert.v1: data.state: 'angry' is not one of the known ones",
        f"log {name}: 2 events (1 reading, 1 alert): 1 breaks its contract; {REMEDY}",
    ]


def test_only_the_first_problems_are_shown(edge_agent, log):
    _, command = log(*[WRONG] * (SHOWN + 3))
    lines = edge_agent(*command).err.splitlines()
    assert (len(lines), lines[SHOWN]) == (SHOWN + 2, "and 3 more")


def test_json_has_counts_and_problems(edge_agent, log):
    name, command = log(GOOD, WRONG)
    done = edge_agent(*command, "--json")
    assert done.code == 1
    assert json.loads(done.out) == {
        "log": name,
        "events": {"reading": 1, "alert": 1},
        "wrong": 1,
        "problems": [
            "event 2 of air: edge.alert.v1: data.state: 'angry' is not one of the known ones"
        ],
    }


def test_data_that_is_not_even_json_is_a_problem(edge_agent, log, tmp_path):
    _, command = log(GOOD)
    with sqlite3.connect(tmp_path / "events.db") as connection:
        connection.execute(NO_JSON)
    connection.close()
    assert "event 1 of air: " in edge_agent(*command).err


def test_without_a_log_the_remedy_is_named(edge_agent, tmp_path):
    config = tmp_path / "shed.toml"
    config.write_text("")
    done = edge_agent("check", config, "--events", "--set", f"log.path={tmp_path}/none.db")
    assert (done.code, done.err.count("start the agent first")) == (4, 1)
