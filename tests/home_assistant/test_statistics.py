"""What an outage kept back is in the long-term statistics of a real Home Assistant afterwards."""

import sqlite3
import time
from contextlib import closing

import pytest
from lab.broker import free_port

from edge_agent.clock import Moment
from edge_agent.deliver.home_assistant.hours import HOUR
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.home_assistant.progress import NAME
from edge_agent.deliver.home_assistant.recorder import iso
from edge_agent.deliver.home_assistant.session import logged_in
from edge_agent.events import Reading
from edge_agent.store.event_log import EventLog
from tests.home_assistant.node import AIR, HEAD

AIR_SENSOR = "sensor.shed_air_temperature"
METER = '[[device]]\nname = "water"\ndriver = "pulse"\npin = 5\nevery = "1s"\n'
METER += 'kind = "volume"\nper_pulse = 1\n'


class Statistics:
    """What Home Assistant has of each hour, asked over its WebSocket."""

    def __init__(self, home, directory):
        self.token = directory / "token"
        self.token.write_text(home.token())
        self.token.chmod(0o600)
        self.home = home

    def ask(self, command, **fields):
        options = ImportOptions(self.home.url, str(self.token), "")
        with logged_in(options, lambda: False) as session:
            return session.ask(command, object, **fields)

    def rows(self, entity, first, end):
        """Return the rows from an hour to before another one, by hour."""
        found = self.ask(
            "recorder/statistics_during_period",
            start_time=iso(first),
            end_time=iso(end),
            statistic_ids=[entity],
            period="hour",
        )
        kept = ("min", "mean", "max", "state", "sum")
        rows = {row["start"] * 1000 // HOUR: row for row in found.get(entity, ())}
        return {
            hour - first: {name: row[name] for name in kept if row.get(name) is not None}
            for hour, row in rows.items()
        }


@pytest.fixture
def statistics(home, tmp_path):
    return Statistics(home, tmp_path)


@pytest.fixture
def head(statistics):
    """The head of a configuration with the import."""
    keys = f'url = "{statistics.home.url}"\ntoken_file = "{statistics.token}"'
    return HEAD.replace("enabled = true", f"enabled = true\n{keys}")


@pytest.fixture
def past():
    """The first of two full hours that are over."""
    return int(time.time() * 1e6 - 15 * 60e6) // HOUR - 2


def log_past(node, device, first, *hours):
    """Write what was measured in each hour, every ten minutes, into the log of a node."""
    with closing(EventLog.open(node.process.log, boot="earlier")) as log, log.transaction():
        for n, values in enumerate(hours):
            for part, value in enumerate(values):
                time_ = (first + n) * HOUR + part * 600_000_000
                reading = Reading(device, Moment(time_, 0, trusted=True), value)
                log.append([reading.event()])


def temperatures(*values):
    return [{"temperature": value} for value in values]


def settled(node):
    """Return whether the node has compared its log with Home Assistant."""
    with closing(sqlite3.connect(node.process.log)) as log:
        return log.execute("SELECT 1 FROM saved_state WHERE name = ?", (NAME,)).fetchone()


def forget(node):
    with closing(sqlite3.connect(node.process.log)) as log, log:
        log.execute("DELETE FROM saved_state WHERE name = ?", (NAME,))


def test_an_outage_of_two_hours_is_filled_and_a_second_import_changes_nothing(
    home, node, head, statistics, past, wait_for
):
    log_past(node, "air", past, temperatures(20, 22, 24), temperatures(10, 10, 40))
    node.start(AIR, head=head)
    wait_for(lambda: settled(node))
    expected = {
        0: {"min": 20, "mean": 22, "max": 24},
        1: {"min": 10, "mean": 20, "max": 40},
    }
    assert statistics.rows(AIR_SENSOR, past, past + 2) == expected
    node.process.stop()
    forget(node)
    node.start()
    wait_for(lambda: settled(node))
    assert statistics.rows(AIR_SENSOR, past, past + 2) == expected


def test_an_hour_that_home_assistant_has_itself_is_left_as_it_is(
    home, node, head, statistics, past, wait_for
):
    log_past(node, "air", past, temperatures(20), temperatures(30))
    metadata = {"has_mean": True, "has_sum": False, "name": None, "source": "recorder"}
    metadata |= {"statistic_id": AIR_SENSOR, "unit_of_measurement": "°C"}
    row = {"start": iso(past + 1), "mean": 5, "min": 4, "max": 6}
    statistics.ask("recorder/import_statistics", metadata=metadata, stats=[row])
    wait_for(lambda: statistics.rows(AIR_SENSOR, past, past + 2))
    node.start(AIR, head=head)
    wait_for(lambda: settled(node))
    means = {hour: one["mean"] for hour, one in statistics.rows(AIR_SENSOR, past, past + 2).items()}
    assert means == {0: 20, 1: 5}


def test_the_sum_of_a_meter_goes_on(home, node, head, statistics, past, wait_for):
    volumes = [[{"volume": 3.0}, {"volume": 5.0}], [{"volume": 6.0}, {"volume": 9.0}]]
    log_past(node, "water", past, *volumes)
    node.start(METER, head=head)
    wait_for(lambda: settled(node))
    rows = statistics.rows("sensor.shed_water_volume", past, past + 2)
    assert rows == {0: {"state": 5, "sum": 0}, 1: {"state": 9, "sum": 4}}


def test_a_token_that_is_refused_is_said_and_the_node_goes_on(
    home, node, head, statistics, wait_for
):
    statistics.token.write_text("wrong")
    node.start(AIR, head=head)
    wait_for(lambda: node.process.says("statistics are not imported"))
    assert node.process.says("the token is refused: create a long-lived access token")
    home.wait_for(AIR_SENSOR, lambda state: state not in (None, "unknown", "unavailable"))


def test_home_assistant_that_is_away_is_said_and_the_node_goes_on(node, head, statistics, wait_for):
    away = head.replace(statistics.home.url, f"http://127.0.0.1:{free_port()}")
    node.start(AIR, head=away)
    wait_for(lambda: node.process.says("statistics are not imported"))
    assert node.process.says("nothing listens on this port")
    assert node.process.is_running()
