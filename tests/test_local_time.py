"""A change of the machine's time zone is seen by a program that runs."""

import os
import time
from datetime import UTC, datetime

import pytest

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.context import Context
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.expressions.parser import parse
from edge_agent.local_time import LocalTime

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def zone(tmp_path, monkeypatch):
    """A function: let the machine be in a time zone."""
    file = tmp_path / "localtime"

    def move(name):
        file.unlink(missing_ok=True)
        file.symlink_to(f"/usr/share/zoneinfo/{name}")

    move("Europe/Berlin")
    monkeypatch.setenv("TZ", f":{file}")
    time.tzset()
    yield move
    monkeypatch.undo()
    time.tzset()


def local_hour():
    return datetime.fromtimestamp(NOON).astimezone().hour


def test_the_local_time_follows_the_machine(zone):
    local = LocalTime()
    assert local_hour() == 14
    zone("America/New_York")
    assert local_hour() == 14  # as the C library remembers it
    local.look()
    assert local_hour() == 8
    zone("Europe/Berlin")
    local.look()
    assert local_hour() == 14
    assert os.environ["TZ"].endswith("/localtime")


def test_a_rule_with_a_time_of_day_follows_the_machine(zone):
    local = LocalTime()
    rule = parse("time >= 13:00", {"air.t": Known()})
    moment = Moment(round(NOON * 1e6), 0, trusted=True)
    assert rule(Context({}, moment)) is True
    zone("America/New_York")
    local.look()
    assert rule(Context({}, moment)) is False


def test_a_zone_that_the_environment_names_is_left_alone(zone, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    local = LocalTime()
    zone("America/New_York")
    local.look()
    assert local_hour() == 21


def test_a_file_that_is_gone_is_looked_for_again(zone, tmp_path):
    local = LocalTime()
    (tmp_path / "localtime").unlink()
    local.look()
    zone("America/New_York")
    local.look()
    assert local_hour() == 8
